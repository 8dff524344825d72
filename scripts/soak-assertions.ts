import { z } from 'zod'

/** A change, and what the guard is to say of it. */
export interface Question {
  readonly name: string
  readonly path: '/validate' | '/mutate'
  /** An AdmissionReview, as JSON. */
  readonly body: string
  /** `answered`: whatever the answer is, one comes. */
  readonly expected: 'refused' | 'allowed' | 'answered'
}

export type Verdict = 'refused' | 'allowed' | 'not evaluated'

const answer = z.object({
  response: z.object({ uid: z.string(), allowed: z.boolean(), warnings: z.array(z.string()).default([]) })
})

/** What an answer says. @throws when it is none */
export function readVerdict(text: string): Verdict {
  const { allowed, warnings } = answer.parse(JSON.parse(text)).response
  if (!allowed) return 'refused'
  return warnings.some(warning => warning.startsWith('not evaluated')) ? 'not evaluated' : 'allowed'
}

/**
 * What is wrong with an answer. What cannot be judged, because evidence is too old, is allowed by default, but never
 * without a word; and what is known is judged.
 *
 * @param wasUnknown whether evidence was missing at some moment while the question was open
 */
export function faultIn({ name, expected }: Question, verdict: Verdict, wasUnknown: boolean): string | undefined {
  if (verdict === expected || expected === 'answered') return undefined
  if (verdict === 'not evaluated') return wasUnknown ? undefined : `${name}: not evaluated, while all was known`
  return `${name}: ${verdict}, and should have been ${expected}`
}
