import t from 'tap'
import { diffEvaluations } from '../../src/engine/diff.ts'
import type { Evaluation } from '../../src/engine/incremental/evaluate.ts'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { stockWith } from '../support/snapshot.ts'

const BLOCKING = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`
const evaluationOf = (state: Snapshot): Evaluation => evaluate(state, RULES)
const withoutPaths = (evaluation: Evaluation): Evaluation => ({
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

t.test('a model without previous paths is not compared', async t => {
  const [before, after] = [evaluationOf(stockWith()), evaluationOf(stockWith(BLOCKING))]
  t.not(diffEvaluations(before, after).blocked.length, 0)
  t.same(diffEvaluations(withoutPaths(before), after).blocked, [])
  t.same(diffEvaluations(withoutPaths(before), after).preexistingBlocked, [])
})

t.test('an unchanged state introduces no findings', async t => {
  const state = evaluationOf(stockWith(BLOCKING))
  const { blocked, found, expandedScope, fixesExisting } = diffEvaluations(state, state)
  t.same(
    { blocked, found, expandedScope, fixesExisting },
    { blocked: [], found: [], expandedScope: [], fixesExisting: false }
  )
  t.ok(diffEvaluations(state, evaluationOf(stockWith())).fixesExisting)
})
