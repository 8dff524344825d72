/** Why a list or a watch failed: the HTTP status, or one of these words. A metric label, hence bounded. */
export type Reason =
  | `${number}`
  | 'unreachable'
  | 'idle-timeout'
  | 'unexpected'
  | 'malformed'
  | 'expired'
  | 'ended'
  | 'version-regressed'

const MAX_MESSAGE_LENGTH = 200

/** A list or a watch failed. */
export class WatchError extends Error {
  override readonly name: string = 'WatchError'
  readonly reason: Reason
  /** True if the watch cannot resume at its last resourceVersion. */
  readonly requiresRelist: boolean
  /** From the Retry-After header. */
  readonly retryAfterMs: number | undefined

  constructor(reason: Reason, message: string, requiresRelist: boolean, retryAfterMs?: number) {
    super(message.replace(/\s+/g, ' ').slice(0, MAX_MESSAGE_LENGTH))
    this.reason = reason
    this.requiresRelist = requiresRelist
    this.retryAfterMs = retryAfterMs
  }
}

/** The API server responded with an error status. */
export class ApiStatusError extends WatchError {
  override readonly name = 'ApiStatusError'
  readonly status: number

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(`${status}`, message, status === 404 || status === 410, retryAfterMs)
    this.status = status
  }
}

/** Any other error is one of the connection. */
export function toWatchError(error: unknown): WatchError {
  return error instanceof WatchError ? error : new WatchError('unreachable', String(error), false)
}
