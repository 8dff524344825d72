import { hasInjector, INJECT, type InjectionKinds, injection } from '../istio/injection.ts'
import { meshOf } from '../istio/mesh.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { DATAPLANE_MODE, isRunning, toWorkload } from '../state/workload.ts'

type Pod = ResourceOf<'Pod'>

/** Callers of a namespace that have a sidecar, and whose next pods get none. */
export interface SidecarLoss {
  readonly namespace: ResourceOf<'Namespace'>
  /** Running pod that represents them. */
  readonly pod: Pod
  /** True if ztunnel captures the next pods. */
  readonly ambient: boolean
}

/**
 * Compares running pods of a namespace with the pods that would replace them. Pods of models are servers. Pods that the
 * injector skips wherever they are have a sidecar of their template, which they keep.
 */
export function findSidecarLoss(view: View<InjectionKinds | 'Pod'>, name: string): SidecarLoss | undefined {
  const pods = callersWithSidecar(view.list('Pod', name))
  if (pods.length === 0 || isHop(view, name)) return undefined
  const namespace = view.get('Namespace', '', name)
  // Pods of a namespace that is being deleted are not replaced. Without an injector in the state, nothing is known.
  if (namespace === undefined || namespace.deleting || !hasInjector(view)) return undefined
  const pod = pods.find(({ labels, annotations }) => {
    const subject = { namespace: name, labels, annotations, hostNetwork: false }
    return !injection(view, subject).injected
  })
  if (pod === undefined) return undefined
  const mode = pod.labels[DATAPLANE_MODE] ?? namespace.labels[DATAPLANE_MODE]
  return { namespace, pod, ambient: mode === 'ambient' }
}

const MODEL_LABEL = 'serving.kserve.io/inferenceservice'

/** One pod for each controller, which creates all its pods alike. */
const callersWithSidecar = memoize((pods: readonly Pod[]): readonly Pod[] => {
  const callers = pods.filter(pod => {
    const { labels, spec } = pod
    const isCaller = isRunning(pod) && toWorkload(pod).proxy === 'sidecar' && labels[MODEL_LABEL] === undefined
    return isCaller && !isInjectedManually(pod) && spec.hostNetwork !== true
  })
  return [...new Map(callers.map(pod => [pod.owner?.name ?? pod.name, pod])).values()]
})

const isInjectedManually = ({ labels, annotations }: Pod) => (labels[INJECT] ?? annotations[INJECT]) === 'false'

/** Gateways and activator are hops of a request, not callers. */
function isHop(view: View<'ConfigMap'>, namespace: string): boolean {
  const { istioNamespace, knativeNamespace } = view.settings
  return [meshOf(view).rootNamespace, istioNamespace, knativeNamespace].includes(namespace)
}
