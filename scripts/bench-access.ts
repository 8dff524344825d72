import { access } from '../src/engine/access.ts'
import { DEFAULT_POLICY } from '../src/engine/to-findings.ts'
import { toAccess } from '../src/report/access.ts'
import { toAccessText } from '../src/report/access-text.ts'
import { RULES } from '../src/rules/index.ts'
import { readResource } from '../src/sources/manifest.ts'
import { Snapshot } from '../src/state/snapshot.ts'
import { makeObjects } from './bench-cluster.ts'

const MODELS = 1_000
const CALLERS = 500
const NAMESPACES = 50
const PODS_PER_BLOCK = 250

/** Evaluates which of many workloads can call which models, each with a policy of its own; prints the time. */
export function benchAccess(print: (line: string) => void): void {
  const objects = [...makeObjects(MODELS), ...times(CALLERS, pod), ...times(MODELS, policy)]
  const state = Snapshot.of(objects.flatMap(one => readResource(one) ?? []))
  const started = performance.now()
  const { workloads, ...evaluated } = access(state, () => true, RULES, DEFAULT_POLICY)
  const evaluatedMs = performance.now() - started
  toAccessText(toAccess(state, { workloads, ...evaluated }))
  const textMs = performance.now() - started - evaluatedMs
  print(
    `access of ${workloads.length} workloads to ${evaluated.models.length} InferenceServices: ${evaluatedMs.toFixed(0)} ms, text ${textMs.toFixed(0)} ms`
  )
}

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))
const namespaceOf = (i: number) => `callers-${i % NAMESPACES}`

/** Pod of a caller with a service account of its own. */
function pod(i: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: namespaceOf(i), name: `app-${i}`, labels: { app: `app-${i}` } },
    spec: { serviceAccountName: `app-${i}`, containers: [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }] },
    status: { podIP: `10.200.${Math.floor(i / PODS_PER_BLOCK)}.${i % PODS_PER_BLOCK}`, phase: 'Running' }
  }
}

/** Policy of one model that allows one caller. */
function policy(i: number): object {
  const principals = [`cluster.local/ns/${namespaceOf(i)}/sa/app-${i}`]
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { namespace: `team-${Math.floor((i * 10) / MODELS)}`, name: `callers-${i}` },
    spec: {
      selector: { matchLabels: { 'serving.kserve.io/inferenceservice': `model-${i}` } },
      rules: [{ from: [{ source: { principals } }] }]
    }
  }
}
