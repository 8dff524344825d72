import type { ClientSide } from './client.ts'
import { type ConnectionOutcome, open, type Peer, refuse } from './connection-outcome.ts'
import { chainForPlaintext, chainForSni } from './filter-chain.ts'
import type { Listener } from './gateway.ts'
import type { ServerTlsMode } from './gateway-servers.ts'

/** Outcome of a connection to a gateway listener. */
export function matchGatewayTls(
  sent: ClientSide,
  listener: Listener,
  { identity, rejectsServer }: Peer
): ConnectionOutcome {
  const [first] = listener.chains
  if (listener.rejected) return refuse({ cause: 'listener-rejected', at: first })
  // A gateway does not take HBONE, which no client sends to it.
  if (sent.send === 'hbone' || sent.send === 'tls-in-hbone') return refuse({ cause: 'sni-not-served', at: first })
  if (sent.send === 'plaintext') {
    const chain = chainForPlaintext(listener)
    const isPlain = chain !== undefined && chain.tls === undefined
    return isPlain ? open(undefined, chain) : refuse({ cause: 'plaintext-to-mtls-listener', at: chain ?? first })
  }
  const { send, sni } = sent
  const chain = chainForSni(listener, sni)
  if (chain === undefined) return refuse({ cause: 'sni-not-served', at: first })
  if (chain.tls === undefined) return refuse({ cause: 'mtls-to-plain-listener', at: chain })
  if (certificatesCompatible(send, chain.tls) && !rejectsServer)
    return open(send === 'istio-mtls' ? identity : undefined, chain)
  const unknown = send === 'mutual-tls' && chain.tls === 'ISTIO_MUTUAL'
  return refuse({ cause: unknown ? 'certificate-unknown' : 'certificate-refused', at: chain })
}

/** True if client and server accept each other's certificates. Certificates in files or credentials are not checked. */
function certificatesCompatible(send: 'istio-mtls' | 'tls' | 'mutual-tls', tls: ServerTlsMode): boolean {
  if (send === 'istio-mtls' || tls === 'ISTIO_MUTUAL') return send === 'istio-mtls' && tls === 'ISTIO_MUTUAL'
  return send === 'mutual-tls' || tls !== 'MUTUAL'
}
