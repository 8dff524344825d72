/** Status of the controllers of this replica. */
export interface ControllerStatus {
  /** Expiry of the serving certificate, in milliseconds since 1970. */
  readonly certificateExpiryMs: number
  readonly leader: boolean
  /** `failurePolicy` for mesh changes; only on the leader. */
  readonly failurePolicy: 'Fail' | 'Ignore' | undefined
  /** Result of the last audit; only on the leader. */
  readonly audit: AuditStatus | undefined
  /** Lines for `/readyz?verbose`. */
  readonly lines: readonly string[]
}

export interface AuditStatus {
  /** End of the last successful audit, in milliseconds since 1970. */
  readonly lastSuccessMs: number | undefined
  readonly findings: readonly { readonly rule: string; readonly mode: string; readonly count: number }[]
}
