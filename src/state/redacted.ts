/** Placeholder of a value that a capture leaves out. */
export const REDACTED = 'mesh-guard.io/redacted'

/** Placeholder of a list of environment variables. */
export const REDACTED_ENV = [{ name: REDACTED }] as const

/** The captured value, with what was left out taken from another version of the object: it counts as unchanged. */
export function withoutRedaction(captured: unknown, other: unknown): unknown {
  if (isRedacted(captured)) return other
  if (Array.isArray(captured)) return captured.map((one, i) => withoutRedaction(one, itemOf(other, i)))
  if (typeof captured !== 'object' || captured === null) return captured
  return Object.fromEntries(
    Object.entries(captured).map(([key, one]) => [key, withoutRedaction(one, itemOf(other, key))])
  )
}

function isRedacted(value: unknown): boolean {
  return value === REDACTED || (Array.isArray(value) && itemOf(value[0], 'name') === REDACTED)
}

const itemOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
