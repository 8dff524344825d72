import type { Chain } from './gateway.ts'
import type { PeerAuthentication } from './peer-authentication.ts'
import type { ApplicationServer, SidecarServer, ZtunnelServer } from './server.ts'

/** Failure causes of a connection, with the server configuration that causes them. */
interface ConnectionRefusals {
  'mtls-to-plain-listener': Chain | PeerAuthentication
  'plaintext-to-mtls-listener': Chain
  'sni-not-served': Chain
  'listener-rejected': Chain
  /** Port of the pod. */
  'no-listener': number
  'certificate-refused': Chain | undefined
  'certificate-unknown': Chain | undefined
  'plaintext-to-strict-workload': PeerAuthentication
  'mtls-to-workload-without-sidecar': ApplicationServer | ZtunnelServer
  'foreign-tls-to-sidecar': SidecarServer
  'hbone-not-accepted': ApplicationServer | SidecarServer
  'plaintext-to-tls-application': ApplicationServer | SidecarServer | ZtunnelServer
}

export type ConnectionFailureCause = keyof ConnectionRefusals
export type ConnectionRefused = {
  [C in ConnectionFailureCause]: { readonly cause: C; readonly at: ConnectionRefusals[C] }
}[ConnectionFailureCause]

export type ConnectionOutcome =
  | {
      readonly is: 'open'
      /** Peer identity; absent over plaintext. */
      readonly identity: string | undefined
      /** Filter chain of a gateway that accepts the connection. */
      readonly chain: Chain | undefined
      /** True if the server's sidecar forwards TLS to the application, so that HTTP fields are not available. */
      readonly opaque: boolean
    }
  | { readonly is: 'refused'; readonly refusal: ConnectionRefused }
  /** It is not known whether the application serves the TLS that the proxies forward. */
  | {
      readonly is: 'unknown'
      readonly reason: string
      readonly identity: string | undefined
      readonly chain: undefined
      readonly opaque: true
    }

/** What the outcome depends on besides the TLS that the client sends. */
export interface Peer {
  readonly identity: string | undefined
  /** True if the client does not accept the server's mesh identity. */
  readonly rejectsServer: boolean
  /** True if the client's application uses TLS where the server's application requires it. Gateways send plain HTTP. */
  readonly speaksTls: boolean
}

export const open = (identity?: string, chain?: Chain): ConnectionOutcome => ({
  is: 'open',
  identity,
  chain,
  opaque: false
})
export const refuse = (refusal: ConnectionRefused): ConnectionOutcome => ({ is: 'refused', refusal })
