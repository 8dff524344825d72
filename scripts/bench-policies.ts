import { join } from 'node:path'
import { decide, decideState, type EvaluationCache } from '../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../src/engine/to-findings.ts'
import { RULES } from '../src/rules/index.ts'
import { readFiles } from '../src/sources/files.ts'
import { readResource } from '../src/sources/manifest.ts'
import type { Resource } from '../src/state/resource.ts'
import { Snapshot } from '../src/state/snapshot.ts'

const NAMESPACES = 300
const MODELS = 1_000
const RULES_PER_POLICY = 5_000
const CHANGES = 20

const stock = readFiles([join(import.meta.dirname, '../examples/cluster')]).map(({ object }) => object as object)
const nameOf = (i: number) => `team-${i}`
const namespace = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'istio-injection': 'enabled', 'kubernetes.io/metadata.name': name } }
})
const policy = (namespace: string, rules: readonly object[]) => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { namespace, name: 'callers' },
  spec: { rules }
})
const model = (i: number) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace: nameOf(i % NAMESPACES), name: `model-${i}`, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } }
})
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
const read = (object: object) => readResource(object) as Resource
const stateOf = (objects: readonly object[]) => Snapshot.of(objects.flatMap(one => readResource(one) ?? []))
const NAMES = times(NAMESPACES, nameOf)
const naming = (some: readonly string[]) => [{ from: [{ source: { namespaces: [...some, 'knative-serving'] } }] }]

/** Namespaces whose policies name each other, with models. */
export function namingEachOther(): readonly object[] {
  const policies = NAMES.flatMap(name => [namespace(name), policy(name, naming(NAMES))])
  return [...stock, ...policies, ...times(MODELS, model)]
}

/**
 * Evaluates namespaces whose policies name each other, and a policy of the maximum size, with one rule per namespace;
 * prints the time of each.
 */
export function benchPolicies(print: (line: string) => void): void {
  const state = stateOf(namingEachOther())
  const cache: EvaluationCache = {}
  const full = timeOf(() => decideState(state, RULES, DEFAULT_POLICY, cache))
  const before = read(policy('team-7', naming(NAMES)))
  const changes = times(CHANGES, i => {
    const after = read(policy('team-7', naming(NAMES.slice(i + 1))))
    return timeOf(() => decide(state, { operation: 'UPDATE', before, after }, RULES, DEFAULT_POLICY, cache))
  }).sort((a, b) => a - b)
  print(
    `${MODELS} models in ${NAMESPACES} namespaces whose policies name each other: full evaluation ${full.toFixed(0)} ms,`
  )
  print(`  one policy change ${(changes[CHANGES >> 1] ?? 0).toFixed(1)} ms (median)`)
  const rules = times(RULES_PER_POLICY, i => ({
    from: [{ source: { namespaces: [nameOf(i)] } }],
    to: [{ operation: { paths: [`/v1/models/model-${i}:predict`] } }]
  }))
  const wide = stateOf([...stock, ...times(RULES_PER_POLICY, i => namespace(nameOf(i)))])
  const warmCache: EvaluationCache = {}
  decideState(wide, RULES, DEFAULT_POLICY, warmCache)
  const created = timeOf(() =>
    decide(wide, { operation: 'CREATE', after: read(policy('user1', rules)) }, RULES, DEFAULT_POLICY, warmCache)
  )
  print(`AuthorizationPolicy with ${RULES_PER_POLICY} rules, one per namespace: ${created.toFixed(0)} ms`)
}

function timeOf(work: () => unknown): number {
  const started = performance.now()
  work()
  return performance.now() - started
}
