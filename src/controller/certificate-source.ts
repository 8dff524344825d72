import type { KeyPair } from './certificate.ts'

/** Serving certificate, and the CA bundle that clients verify it with. */
export interface ServingCertificate {
  readonly keyPair: KeyPair
  /** PEM, for `caBundle`. */
  readonly caBundle: string
}

/** Role of the calling replica. */
export interface ReplicaRole {
  readonly isLeader: boolean
  /** See `RotationContext` in rotation.ts; only on the leader. */
  readonly publishedBundle: string | undefined
}

export interface CertificateSource {
  /**
   * Current certificate to serve, and CA bundle to publish. On failure the previous certificate stays valid.
   *
   * @throws if the source cannot be read or has no usable certificate
   */
  readonly refresh: (role: ReplicaRole) => Promise<ServingCertificate>
}
