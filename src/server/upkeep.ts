/** What is kept in the cluster for the webhook, as those who keep it tell it. */
export interface Upkeep {
  /** When the certificate that is served ends, in milliseconds since 1970. */
  readonly certificateUntilMs: number
  readonly leader: boolean
  /** What becomes of a change when nobody answers; known to the leader alone. */
  readonly failurePolicy: 'Fail' | 'Ignore' | undefined
  /** A line each for people. */
  readonly lines: readonly string[]
}
