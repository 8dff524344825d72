import { z } from 'zod'
import { matchesAnywhere } from '../text/pattern.ts'
import type { AccessPathView, AccessView, CallsView, WorkloadView } from './access.ts'
import { addressName, workloadName } from './access-text.ts'

const pattern = z.string().min(1).describe('`*` stands for any text')

/** Schema of the file of `access --assert`. */
export const assertionsSchema = z
  .array(
    z.strictObject({
      inferenceService: pattern.describe('`namespace/name`; `*` stands for any text'),
      callers: z.array(pattern).describe('Workloads (`namespace/name`) that can call it').default([]),
      others: z.enum(['allowed', 'denied']).describe('Whether other workloads can call it').default('allowed')
    })
  )
  .min(1)

export type Assertion = z.output<typeof assertionsSchema>[number]

/** What does not hold, one line each. A call that is not evaluated holds no assertion. */
export function violationsOf(access: AccessView, assertions: readonly Assertion[]): readonly string[] {
  return assertions.flatMap(one => violationsOfAssertion(access, one))
}

function violationsOfAssertion(
  { models, workloads }: AccessView,
  { inferenceService, callers, others }: Assertion
): readonly string[] {
  const selected = models.filter(one => matchesAnywhere(inferenceService, one.inferenceService))
  if (selected.length === 0) return [`${inferenceService}: no InferenceService has this name`]
  const has = (one: string, { namespace, name }: WorkloadView) => matchesAnywhere(one, `${namespace}/${name}`)
  const absent = callers.filter(one => !workloads.some(workload => has(one, workload)))
  return [
    ...absent.map(one => `${inferenceService}: no running workload has the name ${one}`),
    ...selected.flatMap(model =>
      workloads.flatMap((workload, i) => {
        const own = model.calls.filter(calls => calls.workloads.includes(i))
        const isCaller = callers.some(one => has(one, workload))
        // A model does not call itself.
        if (own.length === 0 || (!isCaller && others === 'allowed')) return []
        return violation(own, isCaller).map(line => `${model.inferenceService}: ${workloadName(workload)} ${line}`)
      })
    )
  ]
}

function violation(calls: readonly CallsView[], isExpected: boolean): readonly string[] {
  const withVerdict = (wanted: CallsView['verdict']) => calls.filter(({ verdict }) => verdict === wanted)
  const open = withVerdict('ok')
  if (open.length > 0) return isExpected ? [] : [`can call it ${open.map(({ via }) => addressName(via)).join(' or ')}`]
  const unknown = withVerdict('unknown')
  if (unknown.length > 0) return [`is not evaluated: ${textsOf(unknown, ({ unknownReason }) => unknownReason)}`]
  if (!isExpected) return []
  return [`cannot call it: ${textsOf(calls, ({ failure }) => failure && `${failure.rule}: ${failure.message}`)}`]
}

/** Distinct texts of the paths that have one. */
function textsOf(calls: readonly CallsView[], toText: (path: AccessPathView) => string | undefined): string {
  const texts = calls.flatMap(({ paths }) => paths.map(toText)).filter(text => text !== undefined)
  return [...new Set(texts)].join('; ')
}
