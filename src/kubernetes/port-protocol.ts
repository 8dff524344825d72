import type { View } from '../state/snapshot.ts'
import type { Tristate } from '../text/tristate.ts'
import { findService, type ServicePort } from './service.ts'

/** Protocol that Istio selects for a port; `auto`: Istio detects it for each connection. */
export type PortProtocol = 'http' | 'tcp' | 'auto'

const HTTP = ['http', 'http2', 'grpc', 'grpc-web', 'kubernetes.io/h2c']
const TLS = ['tls', 'https']
const TCP = ['tcp', ...TLS, 'mongo', 'redis', 'mysql', 'udp']

/** Name and `appProtocol` of a port, which declare its protocol. */
type PortName = Pick<ServicePort, 'name' | 'appProtocol'>

/**
 * Protocol by the port's `appProtocol`, else by the prefix of its name.
 * @see istio 1.31 pkg/config/kube/conversion.go (ConvertProtocol)
 */
export function protocolOf(port: PortName): PortProtocol {
  if (declares(HTTP, port)) return 'http'
  return declares(TCP, port) ? 'tcp' : 'auto'
}

/** True if the port declares TLS, false if it declares plaintext HTTP, else unknown. */
export function declaresTls(port: PortName): Tristate {
  return declares(TLS, port) || (declares(HTTP, port) ? false : undefined)
}

function declares(protocols: readonly string[], { name, appProtocol }: PortName): boolean {
  const text = (appProtocol ?? name ?? '').toLowerCase()
  return [text, ...[1, 2].map(parts => text.split('-', parts).join('-'))].some(one => protocols.includes(one))
}

/** Protocol of a Service port for clients with a proxy. */
export function protocolAt(view: View<'Service'>, host: string, number: number): PortProtocol {
  const port = findService(view, host)?.spec.ports.find(({ port }) => port === number)
  return port === undefined ? 'auto' : protocolOf(port)
}
