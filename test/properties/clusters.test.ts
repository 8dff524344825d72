import { deepStrictEqual, equal, ok } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { decide, decideState } from '../../src/engine/decide.ts'
import { diffEvaluations } from '../../src/engine/diff.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { evaluate } from '../../src/engine/incremental/evaluate.ts'
import { mutate } from '../../src/engine/mutate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import type { InferenceService } from '../../src/kserve/inference-service.ts'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import { isOpen } from '../../src/request/request-path.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Resource } from '../../src/state/resource.ts'
import { type Change, Snapshot } from '../../src/state/snapshot.ts'
import { property } from '../support/property.ts'
import {
  anyObject,
  applying,
  clusterWith,
  inferenceService,
  type Manifest,
  objectsWith,
  patched,
  read,
  someObjects
} from '../support/random-cluster.ts'

const stateOf = (cluster: Snapshot) => decideState(cluster, RULES, DEFAULT_POLICY)
const decideChange = (cluster: Snapshot, manifest: Manifest) =>
  decide(cluster, applying(cluster, read(manifest)), RULES, DEFAULT_POLICY)

const shuffled = someObjects.chain(manifests => {
  const objects = [...objectsWith(manifests)]
  const length = objects.length
  return fc.tuple(
    fc.constant(manifests),
    fc.shuffledSubarray(objects, { minLength: length, maxLength: length }),
    anyObject
  )
})

property(t, 'the decision does not depend on the order of objects', shuffled, 60, ([manifests, objects, changed]) => {
  const [one, other] = [clusterWith(manifests), Snapshot.of(objects)]
  deepStrictEqual(stateOf(other), stateOf(one))
  deepStrictEqual(decideChange(other, changed), decideChange(one, changed))
})

const meta = { namespace: 'elsewhere', name: 'unrelated' }
const unrelated: fc.Arbitrary<Manifest> = fc.constantFrom(
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere', labels: { 'istio-injection': 'enabled' } } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta, data: { a: 'b' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta,
    spec: { selector: { app: 'unrelated' }, ports: [{ port: 80 }] }
  },
  { apiVersion: 'v1', kind: 'Pod', metadata: meta, spec: { containers: [] } },
  { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: meta, spec: { hosts: ['example.com'] } },
  {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: meta,
    spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } }
  }
)
const isElsewhere = (name: string | undefined) => name?.startsWith('elsewhere/') === true

/** Findings about other namespaces, without texts, because a text may name any of the affected models. */
function findingsElsewhere(findings: readonly Finding[]): readonly unknown[] {
  return findings
    .map(({ message, fix, blocked, exposes, mode, ...finding }) => ({
      ...finding,
      blocked: blocked.filter(({ inferenceService }) => !isElsewhere(inferenceService)),
      exposes: exposes.filter(({ inferenceService }) => !isElsewhere(inferenceService))
    }))
    .filter(({ object, blocked }) => object.namespace !== 'elsewhere' || blocked.length > 0)
}

/** True for a namespace whose callers are a class of their own, because a NetworkPolicy mentions its labels. */
function isDistinguished(manifests: readonly Manifest[], { kind }: Manifest): boolean {
  return kind === 'Namespace' && manifests.some(one => one.kind === 'NetworkPolicy')
}

property(
  t,
  'an unrelated object does not change the findings',
  fc.tuple(someObjects, unrelated).filter(([manifests, more]) => !isDistinguished(manifests, more)),
  100,
  ([manifests, more]) => {
    const [without, withUnrelated] = [stateOf(clusterWith(manifests)), stateOf(clusterWith([...manifests, more]))]
    const expected = JSON.stringify(findingsElsewhere(without.findings))
    equal(
      JSON.stringify(findingsElsewhere(withUnrelated.findings).filter(one => expected.includes(JSON.stringify(one)))),
      expected
    )
  }
)

property(t, 'an unchanged cluster introduces no finding', someObjects, 60, manifests => {
  const cluster = clusterWith(manifests)
  const { blocked, latent, found, expandedScope, fixesExisting } = diffEvaluations(
    evaluate(cluster, RULES),
    evaluate(cluster, RULES)
  )
  deepStrictEqual(
    { blocked, latent, found, expandedScope, fixesExisting },
    { blocked: [], latent: [], found: [], expandedScope: [], fixesExisting: false }
  )
})

property(t, 'a change of an unused annotation is allowed', fc.tuple(someObjects, fc.nat()), 60, ([manifests, nat]) => {
  const cluster = clusterWith(manifests)
  const objects = objectsWith(manifests).filter(({ kind }) => kind !== 'InferenceService' && kind !== 'Pod')
  const before = objects[nat % objects.length]
  if (before === undefined) return
  const annotations = { ...before.annotations, 'example.com/note': 'nothing' }
  const after = { ...before, annotations } as Resource
  const { decision, findings } = decide(cluster, { operation: 'UPDATE', before, after }, RULES, DEFAULT_POLICY)
  deepStrictEqual({ decision, findings }, { decision: 'allow', findings: [] })
})

property(t, 'the patch is idempotent', fc.tuple(someObjects, inferenceService), 100, ([manifests, sent]) => {
  const cluster = clusterWith(manifests)
  const mutated = (object: Manifest) =>
    mutate(cluster, { operation: 'CREATE', after: read(object) }, { object, oldObject: null }, RULES)
  const { patch, change } = mutated(sent)
  const after = patched(sent, patch)
  deepStrictEqual(read(after), change.after, 'the evaluated object equals the patched object')
  deepStrictEqual(mutated(after).patch, [])
})

const STRICTNESS = ['allow', 'warn', 'deny']
/** Calls that reach the model, by caller, namespaces and address. */
const openCalls = (cluster: Snapshot, service: InferenceService) =>
  pathsOf(cluster, service, 'next')
    .filter(path => isOpen(path) && path.expected)
    .map(({ caller, from, entry }) => `${caller} ${from} ${entry}`)

property(
  t,
  'a patch never makes the decision stricter',
  fc.tuple(someObjects, inferenceService),
  150,
  ([manifests, sent]) => {
    const cluster = clusterWith(manifests)
    const change: Change = { operation: 'CREATE', after: read(sent) }
    const mutated = mutate(cluster, change, { object: sent, oldObject: null }, RULES)
    if (mutated.patch.length === 0) return
    const [asSent, patchedDecision] = [change, mutated.change].map(one => decide(cluster, one, RULES, DEFAULT_POLICY))
    const strictness = (decision: string | undefined) => STRICTNESS.indexOf(decision ?? '')
    ok(
      strictness(patchedDecision?.decision) <= strictness(asSent?.decision),
      JSON.stringify([mutated.patch, asSent?.decision, patchedDecision?.findings])
    )
  }
)

property(t, 'a patch blocks no caller', fc.tuple(someObjects, inferenceService), 150, ([manifests, sent]) => {
  const cluster = clusterWith(manifests)
  const after = read(sent) as InferenceService
  const { patch, change } = mutate(cluster, { operation: 'CREATE', after }, { object: sent, oldObject: null }, RULES)
  if (patch.length === 0) return
  const without = openCalls(cluster.apply({ operation: 'CREATE', after }), after)
  const mutated = change.after as InferenceService
  const reached = new Set(openCalls(cluster.apply({ operation: 'CREATE', after: mutated }), mutated))
  deepStrictEqual(
    without.filter(call => !reached.has(call)),
    [],
    JSON.stringify(patch)
  )
})
