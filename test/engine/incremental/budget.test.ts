import t from 'tap'
import { decide, decideState, type EvaluationCache } from '../../../src/engine/decide.ts'
import { BudgetExceeded, checkBudget, withinBudget } from '../../../src/engine/incremental/budget.ts'
import { mutate } from '../../../src/engine/mutate.ts'
import { DEFAULT_POLICY } from '../../../src/engine/to-findings.ts'
import { RULES } from '../../../src/rules/index.ts'
import { clientRule, model } from '../../support/objects.ts'
import { resourceOf, stockWith } from '../../support/snapshot.ts'

const STATE = stockWith()
const BLOCKING = {
  operation: 'CREATE',
  after: resourceOf(clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }'))
} as const
const CREATED = { operation: 'CREATE', after: resourceOf(model('')) } as const

/** Budget that is exhausted at the given check. */
function exhaustedAfter(checks: number): { readonly isExhausted: () => boolean; readonly count: () => number } {
  let count = 0
  return { isExhausted: () => ++count >= checks, count: () => count }
}

t.test('an evaluation is aborted at any budget check, without effect on later evaluations', async t => {
  const filledCache = (): EvaluationCache => {
    const cache: EvaluationCache = {}
    decideState(STATE, RULES, DEFAULT_POLICY, cache)
    return cache
  }
  for (const [name, change] of Object.entries({ BLOCKING, CREATED })) {
    const expected = decide(STATE, change, RULES, DEFAULT_POLICY)
    const all = exhaustedAfter(Number.POSITIVE_INFINITY)
    withinBudget(all.isExhausted, () => decide(STATE, change, RULES, DEFAULT_POLICY, filledCache()))
    t.ok(all.count() > 3, name)
    const cache = filledCache()
    for (let checks = 1; checks <= all.count(); checks++) {
      const { isExhausted } = exhaustedAfter(checks)
      try {
        withinBudget(isExhausted, () => decide(STATE, change, RULES, DEFAULT_POLICY, cache))
      } catch (error) {
        t.ok(error instanceof BudgetExceeded)
      }
    }
    t.same(decide(STATE, change, RULES, DEFAULT_POLICY, cache), expected, name)
    t.same(decideState(STATE, RULES, DEFAULT_POLICY, cache), decideState(STATE, RULES, DEFAULT_POLICY), name)
  }
})

t.test('an exceeded budget throws instead of listing a skipped rule', async t => {
  const exhausted = () => true
  t.throws(() => withinBudget(exhausted, () => decide(STATE, BLOCKING, RULES, DEFAULT_POLICY)), {
    name: 'BudgetExceeded'
  })
  const sent = { object: { metadata: {} }, oldObject: undefined }
  const mutateRepeatedly = () => {
    for (let time = 0; time < 100; time++) mutate(STATE, CREATED, sent, RULES)
  }
  t.throws(() => withinBudget(exhausted, mutateRepeatedly), { name: 'BudgetExceeded' })
})

t.test('a budget is limited to its evaluation', async t => {
  const checkRepeatedly = () => {
    for (let time = 0; time < 1_000; time++) checkBudget()
  }
  withinBudget(
    () => false,
    () => {
      t.throws(() => withinBudget(() => true, checkRepeatedly), { name: 'BudgetExceeded' })
      checkRepeatedly()
    }
  )
  checkRepeatedly()
})
