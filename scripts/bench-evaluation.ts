import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decide, type EvaluationCache } from '../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../src/engine/to-findings.ts'
import { RULES } from '../src/rules/index.ts'
import { readResource } from '../src/sources/manifest.ts'
import type { Resource } from '../src/state/resource.ts'
import { Snapshot } from '../src/state/snapshot.ts'
import { namespaceCount } from './bench-cluster.ts'
import { makeCluster, makeModels } from './bench-models.ts'

/** Creates the object for an iteration; each uses another of the namespaces that all measured clusters have. */
type ObjectFactory = (iteration: number) => object

const SMALLEST = 1_000
const inNamespace = (iteration: number) => `team-${iteration % namespaceCount(SMALLEST)}`
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

/** Evaluates changes to clusters of many InferenceServices, and prints the median time per kind of change. */
export function benchEvaluation(print: (line: string) => void): void {
  benchSize(SMALLEST, () => {})
  for (const models of [SMALLEST, 10 * SMALLEST]) benchSize(models, print)
}

function benchSize(models: number, print: (line: string) => void): void {
  const state = Snapshot.of(makeCluster(models))
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
  print(`median time of one change with ${models} InferenceServices:`)
  const namespaced = measure(NAMESPACED, ITERATIONS)
  const meshWide = measure(MESH_WIDE, ITERATIONS / 10)
  print(`maximum of the medians: ${namespaced.toFixed(2)} ms namespaced, ${meshWide.toFixed(2)} ms mesh-wide`)
}

const CHECKED = 10_000
const CLI = join(import.meta.dirname, '../dist/main.js')

/** Runs `mesh-guard check` on many manifests, and prints its time. */
export function benchCheck(print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-bench-'))
  const isModel = (one: object) => 'kind' in one && one.kind === 'InferenceService'
  const write = (name: string, objects: readonly object[]) => {
    const file = join(folder, name)
    writeFileSync(file, objects.map(one => JSON.stringify(one)).join('\n---\n'))
    return file
  }
  const objects = makeModels(CHECKED)
  const models = write(
    'models.yaml',
    objects
      .filter(isModel)
      .slice(-CHECKED)
      .map(one => ({ ...one, status: undefined }))
  )
  const cluster = write(
    'cluster.yaml',
    objects.filter(one => !isModel(one))
  )
  const started = performance.now()
  execFileSync(process.execPath, [CLI, 'check', models, '--against', cluster], { stdio: 'ignore' })
  print(`check of ${CHECKED} InferenceServices: ${((performance.now() - started) / 1000).toFixed(1)} s`)
  rmSync(folder, { recursive: true })
}

const ITERATIONS = 300

function timeOf(state: Snapshot, written: object, cache: EvaluationCache): number {
  const after = readResource(written) as Resource
  const started = performance.now()
  decide(state, { operation: 'CREATE', after }, RULES, DEFAULT_POLICY, cache)
  return performance.now() - started
}
