import { nextProxy } from '../istio/injection.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import { podsWith } from '../kubernetes/service.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { captureOf, TLS_MODE_LABEL, type Workload } from '../state/workload.ts'
import type { PathKinds, TrafficSource } from './caller.ts'

type InferenceGraph = ResourceOf<'InferenceGraph'>

/** Label of router pods. */
export const GRAPH_LABEL = 'serving.kserve.io/inferencegraph'

/**
 * Routers of InferenceGraphs that have this model as a step; they call its InferenceService URL.
 * @see kserve 0.20 pkg/controller/v1alpha1/inferencegraph, cmd/router/main.go
 */
export function inferenceGraphSources(
  view: View<PathKinds>,
  { namespace, name }: InferenceService
): readonly TrafficSource[] {
  return view.list('InferenceGraph', namespace).flatMap((graph): readonly TrafficSource[] => {
    if (!modelsOf(graph).has(name)) return []
    const [first, ...others] = routers(view, graph)
    const caller = first.proxy === 'none' ? 'non-mesh' : 'in-mesh'
    return [{ caller: { caller, from: [namespace] }, entry: `graph ${graph.name}`, pods: [first, ...others] }]
  })
}

/** Names of the InferenceServices that the steps call. */
const modelsOf = memoize(({ spec }: InferenceGraph) => {
  const steps = Object.values(spec.nodes).flatMap(node => node.steps)
  return new Set(steps.map(({ serviceName }) => serviceName))
})

function routers(view: View<PathKinds>, graph: InferenceGraph): readonly [Workload, ...Workload[]] {
  const { namespace, name } = graph
  const [first, ...others] = dedupePods(podsWith(view, namespace, { [GRAPH_LABEL]: name }))
  return [first ?? nextRouter(view, graph), ...others]
}

function nextRouter(view: View<PathKinds>, graph: InferenceGraph): Workload {
  const { namespace, name, annotations, spec } = graph
  const labels = { ...graph.labels, [GRAPH_LABEL]: name }
  const next = nextProxy(view, { namespace, labels, annotations, hostNetwork: false })
  return {
    namespace,
    name: `${name} (next pod)`,
    labels: next.proxy === 'sidecar' ? { [TLS_MODE_LABEL]: 'istio', ...labels } : labels,
    serviceAccount: spec.serviceAccountName ?? 'default',
    ...next,
    ports: [],
    address: undefined,
    captured: captureOf({ labels, annotations, hostNetwork: false }),
    unknownLabels: 'generated'
  }
}
