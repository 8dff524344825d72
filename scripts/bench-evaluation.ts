import { decide, type EvaluationCache } from '../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../src/engine/to-findings.ts'
import { RULES } from '../src/rules/index.ts'
import { readResource } from '../src/sources/manifest.ts'
import type { Resource } from '../src/state/resource.ts'
import { Snapshot } from '../src/state/snapshot.ts'
import { makeCluster, NAMESPACES } from './bench-cluster.ts'

const MODELS = 10_000

/** What is written, by the number of the turn: each time to another namespace. */
type Write = (turn: number) => object

const inNamespace = (turn: number) => `team-${turn % NAMESPACES(MODELS)}`
const object = (apiVersion: string, kind: string, namespace: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { namespace, name },
  spec
})
const noAdmin = [{ to: [{ operation: { paths: ['/admin'] } }] }]
const model = { predictor: { model: { modelFormat: { name: 'sklearn' } } } }

const NAMESPACED: Readonly<Record<string, Write>> = {
  'a new InferenceService': turn =>
    object('serving.kserve.io/v1beta1', 'InferenceService', inNamespace(turn), 'new', model),
  'a PeerAuthentication': turn =>
    object('security.istio.io/v1', 'PeerAuthentication', inNamespace(turn), 'default', {
      mtls: { mode: 'PERMISSIVE' }
    }),
  'an AuthorizationPolicy': turn =>
    object('security.istio.io/v1', 'AuthorizationPolicy', inNamespace(turn), 'new', { action: 'DENY', rules: noAdmin }),
  'a DestinationRule': turn =>
    object('networking.istio.io/v1', 'DestinationRule', inNamespace(turn), 'new', {
      host: `other.${inNamespace(turn)}.svc.cluster.local`,
      trafficPolicy: { loadBalancer: { simple: 'RANDOM' } }
    })
}
const MESH_WIDE: Readonly<Record<string, Write>> = {
  'STRICT for the mesh': () =>
    object('security.istio.io/v1', 'PeerAuthentication', 'istio-system', 'default', { mtls: { mode: 'STRICT' } }),
  'a DestinationRule that cuts all': () =>
    object('networking.istio.io/v1', 'DestinationRule', 'istio-system', 'default', {
      host: '*.local',
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } }
    }),
  'an AuthorizationPolicy for the mesh': () =>
    object('security.istio.io/v1', 'AuthorizationPolicy', 'istio-system', 'new', {
      action: 'DENY',
      rules: noAdmin
    })
}

/** Judges changes to a cluster of many InferenceServices, and says what each kind of change takes at the median. */
export function benchEvaluation(say: (line: string) => void): void {
  const state = Snapshot.of(makeCluster(MODELS))
  const memory: EvaluationCache = {}
  const measure = (writes: Readonly<Record<string, Write>>, turns: number) => {
    const medians = Object.entries(writes).map(([name, write]) => {
      const times = Array.from({ length: turns }, (_, turn) => timeOf(state, write(turn), memory)).sort((a, b) => a - b)
      const median = times[turns >> 1] ?? 0
      say(`  ${name}: ${median.toFixed(2)} ms`)
      return median
    })
    return Math.max(...medians)
  }
  measure(NAMESPACED, WARM_UP)
  say(`one change among ${MODELS} InferenceServices, median:`)
  const namespaced = measure(NAMESPACED, TURNS)
  const meshWide = measure(MESH_WIDE, TURNS / 10)
  say(`at most ${namespaced.toFixed(2)} ms for a namespaced change, ${meshWide.toFixed(2)} ms for a mesh-wide one`)
}

const WARM_UP = 500
const TURNS = 300

function timeOf(state: Snapshot, written: object, memory: EvaluationCache): number {
  const after = readResource(written) as Resource
  const started = performance.now()
  decide(state, { operation: 'CREATE', after }, RULES, DEFAULT_POLICY, memory)
  return performance.now() - started
}
