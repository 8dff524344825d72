import { z } from 'zod'

/** A change, and the expected decision. */
export interface SoakRequest {
  readonly name: string
  readonly path: '/validate' | '/mutate'
  /** An AdmissionReview, as JSON. */
  readonly body: string
  /** `answered`: any decision. */
  readonly expected: 'denied' | 'allowed' | 'answered'
}

export type Decision = 'denied' | 'allowed' | 'not evaluated'

const review = z.object({
  response: z.object({ uid: z.string(), allowed: z.boolean(), warnings: z.array(z.string()).default([]) })
})

/** Decision in an AdmissionReview response. @throws if it is invalid */
export function readDecision(text: string): Decision {
  const { allowed, warnings } = review.parse(JSON.parse(text)).response
  if (!allowed) return 'denied'
  return warnings.some(warning => warning.startsWith('not evaluated')) ? 'not evaluated' : 'allowed'
}

/**
 * Compares a decision with the expected one. Not evaluated, with its warning, is correct only while the cache was stale.
 *
 * @param wasStale true if a kind was stale while the request was in flight
 * @returns an error message, or `undefined`
 */
export function decisionError(
  { name, expected }: SoakRequest,
  decision: Decision,
  wasStale: boolean
): string | undefined {
  if (decision === expected || expected === 'answered') return undefined
  if (decision === 'not evaluated')
    return wasStale ? undefined : `${name}: not evaluated, although the cache was synced`
  return `${name}: ${decision}, expected ${expected}`
}
