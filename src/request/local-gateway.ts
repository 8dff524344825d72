import { chainForPlaintext, chainForSni } from '../istio/filter-chain.ts'
import type { Chain } from '../istio/gateway.ts'
import { type ServerKinds, serverSide } from '../istio/server.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import { toDestination } from './service-resolution.ts'

/** Knative's local gateway as the destination of KServe's top-level VirtualService. */
export interface LocalGateway {
  /** Service host that the VirtualService routes to. */
  readonly host: string
  /** Chain that accepts plaintext HTTP, if any. */
  readonly plaintext: Chain | undefined
  /** Chain that accepts Istio mTLS, if any. */
  readonly istioMtls: Chain | undefined
}

/** Absent if the Service does not exist or has no gateway listener. */
export function findLocalGateway(view: View<ServerKinds>): LocalGateway | undefined {
  const host = ingressOf(view).config.knativeLocalGatewayService
  const [endpoint] = toDestination(view, host, HTTP_PORT).endpoints
  if (endpoint === undefined) return undefined
  const server = serverSide(view, endpoint)
  if (server.at !== 'gateway' || server.listener === undefined) return undefined
  const plaintext = chainForPlaintext(server.listener)
  const tls = chainForSni(server.listener, `outbound_.${HTTP_PORT}_._.${host}`)
  return {
    host,
    plaintext: plaintext?.tls === undefined ? plaintext : undefined,
    istioMtls: tls?.tls === 'ISTIO_MUTUAL' ? tls : undefined
  }
}
