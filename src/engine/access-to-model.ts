import { meshOf } from '../istio/mesh.ts'
import { type InferenceService, MODEL_LABEL } from '../kserve/inference-service.ts'
import type { Failure } from '../request/failure.ts'
import { GRAPH_LABEL, inferenceGraphSources } from '../request/inference-graph.ts'
import { toCaller } from '../request/inference-service-paths.ts'
import { pathsFromPods } from '../request/paths-from.ts'
import { failedHopOf, peersOf } from '../request/request-path.ts'
import type { CallerClass, CallerWorkload } from '../request/running-callers.ts'
import type { Rules } from '../rules/lib/rule.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { Snapshot, View } from '../state/snapshot.ts'
import { identityOf } from '../state/workload.ts'
import { mergeResults, type WorkloadCalls, type Workloads, withGeneralMessages } from './access-results.ts'
import { explainFailure } from './explain.ts'
import { modelKey } from './incremental/evaluate.ts'

/** Peer that is the workload itself, or has no identity. Other peers are SPIFFE identities of hops. */
export const OWN_IDENTITY = 'caller'
export const UNAUTHENTICATED = 'unauthenticated'

/** Calls to one InferenceService. */
export interface ModelAccess {
  readonly service: InferenceService
  /** False for a mode without pods of its own. */
  readonly modeled: boolean
  readonly calls: readonly WorkloadCalls[]
}

/** Input that is equal for all InferenceServices. */
export interface AccessContext {
  readonly snapshot: Snapshot
  readonly rules: Rules
  readonly callers: readonly CallerClass[]
}

/**
 * Calls of all running workloads to one InferenceService. Of the workloads that no configuration on the paths
 * distinguishes, only the first is evaluated.
 */
export function accessToModel(
  { snapshot, rules, callers }: AccessContext,
  view: View,
  service: InferenceService
): ModelAccess {
  const model = pathsFromPods(view, service)
  if (model === undefined) return { service, modeled: false, calls: [] }
  const own = ownWorkloads(callers).get(modelKey(service)) ?? NONE
  const isExpected = expectation(view, service, own)
  const explain = (failure: Failure) => explainFailure(failure, snapshot, rules)
  const pathsOf = (one: CallerWorkload) => {
    const { pod } = one
    const identity = identityOf(pod, meshOf(view, pod).trustDomain)
    const paths = model.pathsFrom({ caller: toCaller(pod), pods: [pod], expected: isExpected(one) })
    return paths.map(path => {
      const failure = failedHopOf(path)?.failure
      return {
        path,
        failure: failure && explain(failure),
        peers: peersOf(path).map(peer => (peer === identity ? OWN_IDENTITY : (peer ?? UNAUTHENTICATED)))
      }
    })
  }
  const groups = groupCallers(callers, own, one =>
    [model.textOf(one.pod), isExpected(one), one.namespace === service.namespace].join('\n')
  )
  const results = mergeResults(groups, pathsOf, service)
  return { service, modeled: true, calls: results.map(one => withGeneralMessages(one, explain)) }
}

/** Workloads with equal paths. Pods of the InferenceService itself are apart. */
function groupCallers(
  callers: readonly CallerClass[],
  own: ReadonlySet<CallerWorkload>,
  textOf: (caller: CallerWorkload) => string
): readonly Workloads[] {
  const groups = new Map<string, [CallerWorkload, ...CallerWorkload[]]>()
  for (const { traits, workloads } of callers) {
    const [first, ...others] = own.size === 0 ? workloads : workloads.filter(one => !own.has(one))
    if (first === undefined) continue
    const key = `${traits}\n${textOf(first)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [first, ...others])
    else group.push(first, ...others)
  }
  return [...groups.values(), ...[...own].map(one => [one] as const)]
}

/**
 * Tells which workloads are known to call: those with a sidecar, and without one routers of an InferenceGraph with this
 * step, transformers and explainers.
 */
function expectation(view: View, service: InferenceService, own: ReadonlySet<CallerWorkload>) {
  const graphs = new Set(inferenceGraphSources(view, service).map(({ entry }) => entry))
  return (one: CallerWorkload) =>
    one.proxy !== 'none' ||
    own.has(one) ||
    (one.namespace === service.namespace && graphs.has(`graph ${one.pod.labels[GRAPH_LABEL]}`))
}

const NONE: ReadonlySet<CallerWorkload> = new Set()

/** Workloads of the pods of each InferenceService (`namespace/name`). */
const ownWorkloads = memoize((callers: readonly CallerClass[]) => {
  const models = new Map<string, Set<CallerWorkload>>()
  for (const workload of callers.flatMap(({ workloads }) => workloads)) {
    const name = workload.pod.labels[MODEL_LABEL]
    if (name !== undefined)
      getOrAdd(models, `${workload.namespace}/${name}`, (): Set<CallerWorkload> => new Set()).add(workload)
  }
  return models
})
