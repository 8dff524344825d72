import { admit } from '../src/engine/admission-step.ts'
import { decide, type EvaluationCache } from '../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../src/engine/to-findings.ts'
import { RULES } from '../src/rules/index.ts'
import { readResource } from '../src/sources/manifest.ts'
import type { Resource } from '../src/state/resource.ts'
import { Snapshot } from '../src/state/snapshot.ts'
import { makeCluster, namespaceCount } from './bench-cluster.ts'

const MODELS = 10_000

/** Creates the object for an iteration; each iteration uses another namespace. */
type ObjectFactory = (iteration: number) => object

const inNamespace = (iteration: number) => `team-${iteration % namespaceCount(MODELS)}`
const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { namespace, name },
  spec
})
const noAdmin = [{ to: [{ operation: { paths: ['/admin'] } }] }]
const model = { predictor: { model: { modelFormat: { name: 'sklearn' } } } }

const NAMESPACED: Readonly<Record<string, ObjectFactory>> = {
  'new InferenceService': iteration =>
    object('serving.kserve.io/v1beta1', 'InferenceService', inNamespace(iteration), 'new', model),
  PeerAuthentication: iteration =>
    object('security.istio.io/v1', 'PeerAuthentication', inNamespace(iteration), 'default', {
      mtls: { mode: 'PERMISSIVE' }
    }),
  AuthorizationPolicy: iteration =>
    object('security.istio.io/v1', 'AuthorizationPolicy', inNamespace(iteration), 'new', {
      action: 'DENY',
      rules: noAdmin
    }),
  DestinationRule: iteration =>
    object('networking.istio.io/v1', 'DestinationRule', inNamespace(iteration), 'new', {
      host: `other.${inNamespace(iteration)}.svc.cluster.local`,
      trafficPolicy: { loadBalancer: { simple: 'RANDOM' } }
    })
}
const MESH_WIDE: Readonly<Record<string, ObjectFactory>> = {
  'mesh-wide STRICT': () =>
    object('security.istio.io/v1', 'PeerAuthentication', 'istio-system', 'default', { mtls: { mode: 'STRICT' } }),
  'DestinationRule that blocks all models': () =>
    object('networking.istio.io/v1', 'DestinationRule', 'istio-system', 'default', {
      host: '*.local',
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } }
    }),
  'mesh-wide AuthorizationPolicy': () =>
    object('security.istio.io/v1', 'AuthorizationPolicy', 'istio-system', 'new', {
      action: 'DENY',
      rules: noAdmin
    })
}

/** Evaluates changes to a cluster of many InferenceServices, and prints the median time per kind of change. */
export function benchEvaluation(print: (line: string) => void): void {
  const state = Snapshot.of(makeCluster(MODELS))
  const cache: EvaluationCache = {}
  const measure = (factories: Readonly<Record<string, ObjectFactory>>, iterations: number) => {
    const medians = Object.entries(factories).map(([name, create]) => {
      const times = Array.from({ length: iterations }, (_, iteration) => timeOf(state, create(iteration), cache)).sort(
        (a, b) => a - b
      )
      const median = times[iterations >> 1] ?? 0
      print(`  ${name}: ${median.toFixed(2)} ms`)
      return median
    })
    return Math.max(...medians)
  }
  measure(NAMESPACED, WARM_UP)
  print(`median time of one change with ${MODELS} InferenceServices:`)
  const namespaced = measure(NAMESPACED, ITERATIONS)
  const meshWide = measure(MESH_WIDE, ITERATIONS / 10)
  print(`maximum of the medians: ${namespaced.toFixed(2)} ms namespaced, ${meshWide.toFixed(2)} ms mesh-wide`)
}

const CHECKED_MODELS = 1_000
const CHECKED_CHANGES = 50

/** Evaluates several changes in order, as `mesh-guard check` does, and prints the total time. */
export function benchCheck(print: (line: string) => void): void {
  const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource, deleting: false, cache: {} }
  let state = Snapshot.of(makeCluster(CHECKED_MODELS))
  const started = performance.now()
  for (let change = 0; change < CHECKED_CHANGES; change++) {
    const written = object('serving.kserve.io/v1beta1', 'InferenceService', 'team-0', `new-${change}`, model)
    const resource = readResource(written) as Resource
    state = admit(state, { resource, object: written, oldObject: undefined }, context)?.next ?? state
  }
  const ms = performance.now() - started
  print(`check of ${CHECKED_CHANGES} changes among ${CHECKED_MODELS} InferenceServices: ${ms.toFixed(0)} ms`)
}

const WARM_UP = 500
const ITERATIONS = 300

function timeOf(state: Snapshot, written: object, cache: EvaluationCache): number {
  const after = readResource(written) as Resource
  const started = performance.now()
  decide(state, { operation: 'CREATE', after }, RULES, DEFAULT_POLICY, cache)
  return performance.now() - started
}
