import { acceptsHbone } from './ambient.ts'
import type { ClientSide } from './client.ts'
import { type ConnectionOutcome, type ConnectionRefused, open, type Peer, refuse } from './connection-outcome.ts'
import type { ApplicationServer, SidecarServer, ZtunnelServer } from './server.ts'

/** Outcome of a connection to an application. None has the certificate that a client with Istio mTLS requires. */
export function matchApplicationTls(
  { send }: ClientSide,
  server: ApplicationServer,
  { speaksTls }: Peer
): ConnectionOutcome {
  if (send === 'plaintext') return deliverPlaintext(server, speaksTls, undefined)
  if (send === 'hbone' || send === 'tls-in-hbone') return refuse({ cause: 'hbone-not-accepted', at: server })
  const refusal = { cause: 'mtls-to-workload-without-sidecar', at: server } as const
  return send === 'tls' || send === 'mutual-tls' ? deliverTls(server, refusal) : refuse(refusal)
}

/**
 * Outcome of a connection to a sidecar. On HTTP ports it accepts no other TLS than Istio's; on other ports it forwards it
 * to the application, unless the mode is STRICT.
 * @see istio 1.31 pilot/pkg/networking/core/filterchain_options.go (getFilterChainMatchOptions)
 */
export function matchSidecarTls({ send }: ClientSide, server: SidecarServer, client: Peer): ConnectionOutcome {
  const { mtls, protocol } = server
  const isHttp = protocol === 'http'
  const deliver = (identity?: string) => deliverPlaintext(server, client.speaksTls && !isHttp, identity)
  switch (send) {
    case 'plaintext':
      return mtls.mode === 'STRICT' ? refuse({ cause: 'plaintext-to-strict-workload', at: mtls.by }) : deliver()
    case 'istio-mtls':
      if (mtls.mode === 'DISABLE') return refuse({ cause: 'mtls-to-plain-listener', at: mtls.by })
      return client.rejectsServer ? refuse({ cause: 'certificate-refused', at: undefined }) : deliver(client.identity)
    case 'hbone':
      return acceptsHbone(server.workload)
        ? deliver(client.identity)
        : refuse({ cause: 'hbone-not-accepted', at: server })
    case 'tls-in-hbone': {
      const refusal = { cause: 'foreign-tls-to-sidecar', at: server } as const
      return isHttp ? refuse(refusal) : deliverTls(server, refusal, client.identity)
    }
    default: {
      // The files may contain Istio workload certificates, which only a STRICT server accepts.
      const isUnknown = send === 'mutual-tls' && mtls.mode === 'STRICT'
      if (isUnknown) return refuse({ cause: 'certificate-unknown', at: undefined })
      const refusal = { cause: 'foreign-tls-to-sidecar', at: server } as const
      return mtls.mode === 'STRICT' || isHttp ? refuse(refusal) : deliverTls(server, refusal)
    }
  }
}

/**
 * Outcome of a connection to a pod that ztunnel captures. Without HBONE it has no identity, whatever its TLS, which goes to the
 * application.
 * @see ztunnel 62d8265 src/proxy/inbound.rs, inbound_passthrough.rs
 */
export function matchZtunnelTls({ send }: ClientSide, server: ZtunnelServer, client: Peer): ConnectionOutcome {
  const refusal = { cause: 'mtls-to-workload-without-sidecar', at: server } as const
  if (send === 'hbone') return deliverPlaintext(server, client.speaksTls, client.identity)
  if (send === 'tls-in-hbone') return deliverTls(server, refusal, client.identity)
  if (server.strict !== undefined) return refuse({ cause: 'plaintext-to-strict-workload', at: server.strict })
  if (send === 'plaintext') return deliverPlaintext(server, client.speaksTls, undefined)
  return send === 'istio-mtls' ? refuse(refusal) : deliverTls(server, refusal)
}

type Server = ApplicationServer | SidecarServer | ZtunnelServer

/** Outcome of a connection that reaches the application without TLS of a proxy. Without a sign it serves plaintext. */
function deliverPlaintext(server: Server, speaksTls: boolean, identity: string | undefined): ConnectionOutcome {
  if (server.servesTls !== true) return open(identity)
  return speaksTls ? openOpaque(identity) : refuse({ cause: 'plaintext-to-tls-application', at: server })
}

/** Outcome of a connection that reaches the application with TLS of the client's proxy. */
function deliverTls({ servesTls, port }: Server, refusal: ConnectionRefused, identity?: string): ConnectionOutcome {
  if (servesTls === undefined) {
    const reason = `whether the application serves TLS on port ${port} cannot be seen`
    return { is: 'unknown', reason, identity, chain: undefined, opaque: true }
  }
  return servesTls ? openOpaque(identity) : refuse(refusal)
}

const openOpaque = (identity: string | undefined): ConnectionOutcome => ({
  is: 'open',
  identity,
  chain: undefined,
  opaque: true
})
