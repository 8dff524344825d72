import t from 'tap'
import { diffEvaluations } from '../../src/engine/diff.ts'
import type { Evaluation } from '../../src/engine/incremental/evaluate.ts'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY, toPathFindings } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { AttributedProblem, FailureRule } from '../../src/rules/lib/rule.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { clientRule, namespace, pod, policy, together } from '../support/objects.ts'
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

t.test('a path that is blocked now is not reported again for the next pods', async t => {
  const pending = namespace('istio-injection: disabled')
  const { blocked, latent } = diffEvaluations(
    evaluationOf(stockWith(pending)),
    evaluationOf(stockWith(`${pending}---${BLOCKING}`))
  )
  t.not(blocked.length, 0)
  t.same(latent, [])
})

t.test('a path that is blocked for all callers supplies the message, then one by the InferenceService URL', async t => {
  const state = stockWith(BLOCKING)
  const [one] = diffEvaluations(evaluationOf(stockWith()), evaluationOf(state)).blocked
  if (one === undefined) throw new Error('no blocked path')
  const explain = ({ destination }: { readonly destination?: unknown }): AttributedProblem => ({
    object: { apiVersion: 'v1', kind: 'Service', namespace: 'user1', name: 'a' },
    field: 'spec',
    message: String(destination),
    fix: { text: 'fix it' }
  })
  const cause = one.hop.failure.cause
  const failures = { ...RULES.failures, [cause]: { ...RULES.failures[cause], explain } as FailureRule }
  const variants = [
    [true, 'component'],
    [true, 'address'],
    [false, 'component'],
    [false, 'address']
  ] as const
  const blocked = variants.map(([partialDenial, entry]) => {
    const failure = { ...one.hop.failure, destination: `${partialDenial ? 'some' : 'all'} ${entry}` } as never
    return { ...one, partialDenial, path: { ...one.path, entry }, hop: { ...one.hop, failure } }
  })
  for (const [from, expected] of [
    [0, 'all address'],
    [2, 'all address']
  ] as const) {
    const { findings } = toPathFindings(blocked.slice(from), state, { ...RULES, failures }, DEFAULT_POLICY)
    t.same(
      findings.map(({ message }) => message),
      [expected]
    )
  }
  const [, , ...partly] = blocked.toReversed()
  t.match(toPathFindings(partly, state, { ...RULES, failures }, DEFAULT_POLICY).findings, [{ message: 'some address' }])
  const mixed = blocked.filter((_, i) => i === 1 || i === 2)
  t.match(toPathFindings(mixed, state, { ...RULES, failures }, DEFAULT_POLICY).findings, [{ message: 'all component' }])
})

t.test('each revision of a rollout is compared with itself', async t => {
  const rollout = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new, creationTimestamp: "2026-01-01T00:00:00Z", annotations: { autoscaling.knative.dev/targetBurstCapacity: "0" } }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
status:
  components:
    predictor:
      latestReadyRevision: new-predictor-00002
      traffic: [{ revisionName: new-predictor-00001, percent: 10 }]
---
${[1, 2].map(revision => pod('user1', `new-${revision}`, `serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio, serving.knative.dev/revision: new-predictor-0000${revision}`, 'sidecar')).join('---')}`
  const strict = policy('user1', '{ mtls: { mode: STRICT } }')
  const disabling = (revision: number) =>
    clientRule(`new-predictor-0000${revision}.user1.svc.cluster.local`, '{ tls: { mode: DISABLE } }')
  const evaluated = (...objects: readonly string[]) => evaluationOf(stockWith(together(rollout, strict, ...objects)))
  const blocked = (before: Evaluation, after: Evaluation) =>
    diffEvaluations(before, after).blocked.map(({ path }) => `${path.caller} ${path.entry} ${path.revision}`)
  t.ok(blocked(evaluated(), evaluated(disabling(1))).includes('external address previous'))
  const labeled = disabling(1).replace('name: default', 'name: default, labels: { team: blue }')
  t.same(blocked(evaluated(disabling(1)), evaluated(labeled)), [], 'blocked before as well')
})
