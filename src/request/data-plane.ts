import { isAmbient, isAmbientNamespace } from '../istio/ambient.ts'
import { type InjectionKinds, nextProxy } from '../istio/injection.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { toWorkload, type Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'

/** How the callers of a namespace take part in the mesh: with sidecars of a revision of Istio, or captured by ztunnel. */
export interface DataPlane extends Pick<Workload, 'proxy' | 'revision' | 'captured'> {
  /** False: no pod shows that such callers exist. */
  readonly expected: boolean
}

const NONE: Labels = {}

/** Data plane of the next pods of a namespace, else of its running pods; absent if they have none. */
export const dataPlaneIn: (view: View<InjectionKinds | 'Pod'>, namespace: string) => DataPlane | undefined =
  memoizeInView((view, namespace) => {
    const { proxy, revision } = nextProxy(view, { namespace, labels: NONE, annotations: NONE, hostNetwork: false })
    if (proxy === 'sidecar') return { proxy, revision, expected: true }
    const pods = view.list('Pod', namespace).map(toWorkload)
    const sidecar = pods.find(one => one.proxy === 'sidecar')
    if (sidecar !== undefined) return { proxy: 'sidecar', revision: sidecar.revision, expected: true }
    const isCaptured = pods.some(one => isAmbient(view, one))
    const isInMesh = isCaptured || isAmbientNamespace(view, namespace)
    return isInMesh ? { proxy: 'none', captured: true, expected: isCaptured } : undefined
  })

/** Namespaces whose labels ask for ambient mode. */
export const ambientNamespaces: (view: View<'Namespace'>, key: 'all') => readonly string[] = memoizeInView(view =>
  view
    .list('Namespace')
    .map(({ name }) => name)
    .filter(name => isAmbientNamespace(view, name))
)
