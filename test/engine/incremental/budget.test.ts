import t from 'tap'
import { decide, decideState, type EvaluationCache } from '../../../src/engine/decide.ts'
import { BudgetExceeded, checkBudget, withinBudget } from '../../../src/engine/incremental/budget.ts'
import { mutate } from '../../../src/engine/mutate.ts'
import { DEFAULT_POLICY } from '../../../src/engine/to-findings.ts'
import { RULES } from '../../../src/rules/index.ts'
import { clientRule, model } from '../../support/objects.ts'
import { resourceOf, stockWith } from '../../support/snapshot.ts'

const STATE = stockWith()
const CUT = {
  operation: 'CREATE',
  after: resourceOf(clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }'))
} as const
const NEW = { operation: 'CREATE', after: resourceOf(model('')) } as const

/** A budget that ends when it is looked at for the nth time. */
function looks(most: number): { readonly isExhausted: () => boolean; readonly count: () => number } {
  let count = 0
  return { isExhausted: () => ++count >= most, count: () => count }
}

t.test('an evaluation is aborted at any read, without effect on later evaluations', async t => {
  const prepared = (): EvaluationCache => {
    const memory: EvaluationCache = {}
    decideState(STATE, RULES, DEFAULT_POLICY, memory)
    return memory
  }
  for (const [name, change] of Object.entries({ CUT, NEW })) {
    const expected = decide(STATE, change, RULES, DEFAULT_POLICY)
    const all = looks(Number.POSITIVE_INFINITY)
    withinBudget(all.isExhausted, () => decide(STATE, change, RULES, DEFAULT_POLICY, prepared()))
    t.ok(all.count() > 3, name)
    const memory = prepared()
    for (let most = 1; most <= all.count(); most++) {
      const { isExhausted } = looks(most)
      try {
        withinBudget(isExhausted, () => decide(STATE, change, RULES, DEFAULT_POLICY, memory))
      } catch (error) {
        t.ok(error instanceof BudgetExceeded)
      }
    }
    t.same(decide(STATE, change, RULES, DEFAULT_POLICY, memory), expected, name)
    t.same(decideState(STATE, RULES, DEFAULT_POLICY, memory), decideState(STATE, RULES, DEFAULT_POLICY), name)
  }
})

t.test('an exceeded budget is not a skip, which would allow the change', async t => {
  const none = () => true
  t.throws(() => withinBudget(none, () => decide(STATE, CUT, RULES, DEFAULT_POLICY)), { name: 'BudgetExceeded' })
  const sent = { object: { metadata: {} }, oldObject: undefined }
  const often = () => {
    for (let time = 0; time < 100; time++) mutate(STATE, NEW, sent, RULES)
  }
  t.throws(() => withinBudget(none, often), { name: 'BudgetExceeded' })
})

t.test('a budget ends with its evaluation', async t => {
  const read = () => {
    for (let time = 0; time < 1_000; time++) checkBudget()
  }
  withinBudget(
    () => false,
    () => {
      t.throws(() => withinBudget(() => true, read), { name: 'BudgetExceeded' })
      read()
    }
  )
  read()
})
