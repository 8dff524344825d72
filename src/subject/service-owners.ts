import { MAX_ALIASES } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning } from '../state/workload.ts'
import { hasLabels } from '../text/selector.ts'
import type { OwnKind, OwnObject } from './own-kinds.ts'

type Service = ResourceOf<'Service'>
type Pod = ResourceOf<'Pod'>

/** Names of the models that have an object. */
export type Owners = Map<OwnObject, Set<string>>

/** Label of an EndpointSlice with the name of its Service. */
export const SERVICE_LABEL = 'kubernetes.io/service-name'

export function addOwners(owners: Owners, object: OwnObject | undefined, models: Iterable<string> | undefined): void {
  if (object === undefined || models === undefined) return
  const known = getOrAdd(owners, object, () => new Set<string>())
  for (const model of models) known.add(model)
}

/** Adds what the Services of a model lead to, and the Services that lead to its pods. */
export function followServices(view: View<OwnKind>, namespace: string, owners: Owners): void {
  const services = view.list('Service', namespace)
  const addTarget = (service: Service, depth: number) => {
    const [name = '', other] = (service.spec.externalName ?? '').split('.')
    const target = other === namespace ? view.get('Service', namespace, name) : undefined
    if (target === undefined) return
    addOwners(owners, target, owners.get(service))
    if (depth > 0) addTarget(target, depth - 1)
  }
  for (const service of services) if (service.spec.type === 'ExternalName') addTarget(service, MAX_ALIASES)
  const selected = selections(services)(view.list('Pod', namespace))
  for (const [service, pods] of selected) for (const pod of pods) addOwners(owners, pod, owners.get(service))
  for (const slice of view.list('EndpointSlice', namespace)) {
    const service = view.get('Service', namespace, slice.labels[SERVICE_LABEL] ?? '')
    addOwners(owners, slice, service && owners.get(service))
    for (const pod of endpointPods(view, slice)) addOwners(owners, pod, owners.get(slice))
  }
  for (const [service, pods] of selected) for (const pod of pods) addOwners(owners, service, owners.get(pod))
}

/** Pods and EndpointSlices of Services with pods of several models: a route of one model can lead to pods of another. */
export function endpointsOfSeveral(view: View<OwnKind>, namespace: string, owners: Owners): readonly object[] {
  const selected = selections(view.list('Service', namespace))(view.list('Pod', namespace))
  const shared = selected.filter(([service]) => (owners.get(service)?.size ?? 0) > 1)
  const names = new Set<string | undefined>(shared.map(([{ name }]) => name))
  const slices = view.list('EndpointSlice', namespace).filter(one => names.has(one.labels[SERVICE_LABEL]))
  return [...shared.flatMap(([, pods]) => pods), ...slices]
}

/** Services with the running pods that they select, if any. The index of the pods is not kept: it is large. */
const selections = memoize((services: readonly Service[]) =>
  memoize((pods: readonly Pod[]): readonly (readonly [Service, readonly Pod[]])[] => {
    const byPair = new Map<string, Pod[]>()
    for (const pod of pods.filter(isRunning))
      for (const key in pod.labels) getOrAdd(byPair, `${key}=${pod.labels[key]}`, (): Pod[] => []).push(pod)
    return services.flatMap(service => {
      const { selector } = service.spec
      const [first] = Object.entries(selector)
      const candidates = first === undefined ? [] : (byPair.get(first.join('=')) ?? [])
      const found = candidates.filter(({ labels }) => hasLabels(labels, selector))
      return found.length === 0 ? [] : [[service, found] as const]
    })
  })
)

function endpointPods(view: View<'Pod'>, { namespace, endpoints }: ResourceOf<'EndpointSlice'>) {
  return endpoints.flatMap(({ targetRef, addresses }) => {
    if (targetRef?.kind === 'Pod') return view.get('Pod', namespace, targetRef.name ?? '') ?? []
    return view
      .list('Pod', namespace)
      .filter(({ status }) => status?.podIP !== undefined && addresses.includes(status.podIP))
  })
}
