import { type Chain, chainForPlaintext, chainForSni } from '../istio/gateway.ts'
import { type ServerKinds, serverSide } from '../istio/server.ts'
import { ingressOf } from '../kserve/kserve.ts'
import type { View } from '../state/snapshot.ts'
import { toDestination } from './service-resolution.ts'

/** Knative's local gateway, as KServe's top-level VirtualService reaches it. */
export interface LocalGateway {
  /** The Service that the VirtualService sends to. */
  readonly host: string
  /** What takes plain HTTP there, if anything does. */
  readonly plain: Chain | undefined
  /** What takes the mesh's own mTLS there, if anything does. */
  readonly mesh: Chain | undefined
}

const HTTP_PORT = 80

/** Absent where there is no such Service, or nothing listens behind it. */
export function findLocalGateway(view: View<ServerKinds>): LocalGateway | undefined {
  const host = ingressOf(view).config.knativeLocalGatewayService
  const [endpoint] = toDestination(view, host, HTTP_PORT).endpoints
  if (endpoint === undefined) return undefined
  const server = serverSide(view, endpoint)
  if (server.at !== 'gateway' || server.listener === undefined) return undefined
  const plain = chainForPlaintext(server.listener)
  const mesh = chainForSni(server.listener, `outbound_.${HTTP_PORT}_._.${host}`)
  return {
    host,
    plain: plain?.tls === undefined ? plain : undefined,
    mesh: mesh?.tls === 'ISTIO_MUTUAL' ? mesh : undefined
  }
}
