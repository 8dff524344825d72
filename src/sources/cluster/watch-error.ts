/** Why a list or a watch failed: the status of the server's answer, or one of a few words. For metrics, so it is bounded. */
export type Reason =
  | `${number}`
  | 'unreachable'
  | 'silent'
  | 'unexpected'
  | 'malformed'
  | 'expired'
  | 'ended'
  | 'backwards'

/** How much of what a server says is worth repeating. */
const WORTH_TELLING = 200

/** Something went wrong between us and the server. */
export class Trouble extends Error {
  override readonly name: string = 'Trouble'
  readonly reason: Reason
  /** True when a watch cannot go on from where it was: all must be listed anew. */
  readonly lost: boolean
  /** For how long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(reason: Reason, message: string, lost: boolean, retryAfterMs?: number) {
    super(message.replace(/\s+/g, ' ').slice(0, WORTH_TELLING))
    this.reason = reason
    this.lost = lost
    this.retryAfterMs = retryAfterMs
  }
}

/** The server refused. */
export class ServerError extends Trouble {
  override readonly name = 'ServerError'
  readonly status: number

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(`${status}`, message, status === 404 || status === 410, retryAfterMs)
    this.status = status
  }
}

/** Whatever was thrown; what we do not know was a connection that could not be had, or broke. */
export function toTrouble(error: unknown): Trouble {
  return error instanceof Trouble ? error : new Trouble('unreachable', String(error), false)
}
