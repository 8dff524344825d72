import t from 'tap'
import { compareSample } from '../../src/engine/evaluate-afresh.ts'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import type { LogMessage } from '../../src/evaluator/messages.ts'
import { SampleCounter } from '../../src/evaluator/sample-counter.ts'
import { RULES } from '../../src/rules/index.ts'
import { clientRule } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const MODELS = 2
const healthy = evaluate(stockWith(), RULES)
/** Results of another state. */
const wrong = {
  snapshot: stockWith(clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }')),
  namespaces: healthy.namespaces
}

t.test('a sample has models at random, until the time is up', async t => {
  t.same(
    compareSample(healthy, () => false),
    { compared: MODELS, disagreements: [] }
  )
  t.same(
    compareSample(healthy, () => true),
    { compared: 0, disagreements: [] }
  )
  t.same(
    compareSample(
      wrong,
      () => false,
      () => 0.99
    ),
    { compared: MODELS, disagreements: Array(MODELS).fill('user1/sklearn-iris-burst') }
  )
  t.same(compareSample(evaluate(stockWith('').withAll('InferenceService', []), RULES), () => false).compared, 0)
  const unread = stockWith().withUnreadable(new Map([['AuthorizationPolicy', 'forbidden'] as const]))
  t.same(compareSample(evaluate(unread, RULES), () => false).compared, 0, 'models that cannot be evaluated')
})

t.test('disagreements are counted and reported', async t => {
  const reported: LogMessage[] = []
  const counter = new SampleCounter(message => reported.push(message))
  counter.compare(healthy)
  t.same(counter.count, { compared: MODELS, disagreements: 0 })
  t.same(reported, [])
  counter.compare(wrong)
  t.same(counter.count, { compared: 2 * MODELS, disagreements: MODELS })
  t.match(reported, [{ level: 'warn', fields: { inferenceServices: /^user1\/sklearn-iris/ } }])
})
