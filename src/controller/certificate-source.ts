import type { KeyPair } from './certificate.ts'

/** What is served, and whom clients are to trust for it. */
export interface Served {
  readonly keyPair: KeyPair
  /** PEM, for `caBundle`. */
  readonly bundle: string
}

/** What the replica that calls may do, and knows. */
export interface Duty {
  readonly leading: boolean
  /** See `Moment` in rotation.ts; known to the leader alone. */
  readonly settled: string | undefined
}

/** Where the certificate comes from. */
export interface Certificates {
  /**
   * What is to be served and published now. When it fails, what was served before is still good.
   *
   * @throws when there is no answer, or nothing that could be served
   */
  readonly refresh: (duty: Duty) => Promise<Served>
}
