import t from 'tap'
import { diffEvaluations } from '../../src/engine/diff.ts'
import type { Evaluation } from '../../src/engine/incremental/evaluate.ts'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { stockWith } from '../support/snapshot.ts'

const CUT = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
const of = (state: Snapshot): Evaluation => evaluate(state, RULES)
const blind = (evaluation: Evaluation): Evaluation => ({
  ...evaluation,
  namespaces: new Map(
    [...evaluation.namespaces].map(([namespace, group]) => {
      const evaluations = [...group.evaluations].map(
        ([fingerprint, one]) => [fingerprint, { ...one, paths: undefined }] as const
      )
      return [namespace, { ...group, evaluations: new Map(evaluations) }] as const
    })
  )
})

t.test('a model whose paths could not be evaluated before is not compared', async t => {
  const [before, after] = [of(stockWith()), of(stockWith(CUT))]
  t.not(diffEvaluations(before, after).blocked.length, 0)
  t.same(diffEvaluations(blind(before), after).blocked, [])
  t.same(diffEvaluations(blind(before), after).preexistingBlocked, [])
})

t.test('an unchanged state introduces nothing', async t => {
  const state = of(stockWith(CUT))
  const { blocked, found, expandedScope, fixesExisting } = diffEvaluations(state, state)
  t.same(
    { blocked, found, expandedScope, fixesExisting },
    { blocked: [], found: [], expandedScope: [], fixesExisting: false }
  )
  t.ok(diffEvaluations(state, of(stockWith())).fixesExisting)
})
