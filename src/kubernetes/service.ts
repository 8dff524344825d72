import { sortByCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning, toWorkload, type Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { hasLabels, isEmpty, type Labels } from '../text/selector.ts'

/** Port for plaintext HTTP of gateway Services, Knative Services and the Services of models. */
export const HTTP_PORT = 80

export type Service = ResourceOf<'Service'>
export type ServicePort = Service['spec']['ports'][number]

export interface Endpoint {
  readonly workload: Workload
  /** Port of the workload, not of the Service. */
  readonly port: number
}

/**
 * Most ExternalName Services that a name is resolved through.
 * @see CoreDNS 1.12 plugin/backend_lookup.go (A)
 */
export const MAX_ALIASES = 8

/** Service by namespace and name. */
type GetService = (namespace: string, name: string) => Service | undefined

/**
 * Service of a cluster DNS name. An ExternalName Service resolves to its target.
 * @see istio 1.31 pilot/pkg/model/push_context.go (resolveServiceAliases)
 */
export function findService(view: View<'Service'>, host: string): Service | undefined {
  return resolveService(host, view.settings.clusterDomain, servicesOf(view)).service
}

export const servicesOf =
  (view: View<'Service'>): GetService =>
  (namespace, name) =>
    view.get('Service', namespace, name)

/** What a host resolves to. */
export interface Resolved {
  /** Own host of the Service; without one, the host that has none, or one of a loop. */
  readonly host: string
  readonly service?: Service | undefined
}

/** Service of a cluster DNS name, or of the one that it is an alias of, from these Services. */
export function resolveService(host: string, clusterDomain: string, get: GetService, depth = 0): Resolved {
  const [name = '', namespace = ''] = host.split('.')
  if (serviceHost(namespace, name, clusterDomain) !== host) return { host }
  const service = get(namespace, name)
  if (service?.spec.type !== 'ExternalName') return { host, service }
  if (depth === MAX_ALIASES || service.spec.externalName === undefined) return { host }
  return resolveService(service.spec.externalName, clusterDomain, get, depth + 1)
}

/** True if the DNS name resolves to the pod IPs instead of a cluster IP. */
export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None'
}

/** Endpoints of a Service port: the selected pods, or without a selector the pods in its EndpointSlices. */
export function endpointsOf(
  view: View<'Pod' | 'EndpointSlice'>,
  service: Service,
  port: ServicePort
): readonly Endpoint[] {
  if (isEmpty(service.spec.selector)) return sliceEndpoints(view, service, port)
  return podsWith(view, service.namespace, service.spec.selector).flatMap(workload => {
    const number = targetPort(port, workload)
    return number === undefined ? [] : [{ workload, port: number }]
  })
}

/** Port number of the workload; absent if `targetPort` is a name that the workload does not declare. */
export function targetPort(
  { port, targetPort: target = port }: ServicePort,
  { ports }: Pick<Workload, 'ports'>
): number | undefined {
  if (typeof target === 'number') return target
  return ports.find(({ name }) => name === target)?.containerPort
}

/**
 * Endpoints of EndpointSlices. The pod of an endpoint is its `targetRef`, else the pod with its IP address in the
 * namespace.
 * @see istio 1.31 pilot/pkg/serviceregistry/kube/controller/endpointslice.go (getPod)
 */
function sliceEndpoints(
  view: View<'Pod' | 'EndpointSlice'>,
  { namespace, name }: Service,
  port: ServicePort
): readonly Endpoint[] {
  const slices = view
    .list('EndpointSlice', namespace)
    .filter(({ labels }) => labels['kubernetes.io/service-name'] === name)
  return slices.flatMap(({ endpoints, ports }) => {
    const number = ports.find(one => (one.name ?? '') === (port.name ?? ''))?.port
    if (number === undefined) return []
    return endpoints.flatMap(({ targetRef, addresses }) => {
      const workload =
        targetRef?.kind === 'Pod'
          ? findPod(view, targetRef.namespace ?? namespace, targetRef.name ?? '')
          : podWithAddress(view.list('Pod', namespace), addresses)
      return workload === undefined ? [] : [{ workload, port: number }]
    })
  })
}

function findPod(view: View<'Pod'>, namespace: string, name: string): Workload | undefined {
  const pod = view.get('Pod', namespace, name)
  return pod !== undefined && isRunning(pod) ? toWorkload(pod) : undefined
}

const runningPods = memoize((pods: readonly ResourceOf<'Pod'>[]) => pods.filter(isRunning).map(toWorkload))
const podsByAddress = memoize((pods: readonly ResourceOf<'Pod'>[]) => {
  const positions = new Map<string, number>()
  for (const [i, { address = '' }] of runningPods(pods).entries()) getOrAdd(positions, address, () => i)
  return positions
})

/** The first of the running pods with one of these addresses. */
function podWithAddress(pods: readonly ResourceOf<'Pod'>[], addresses: readonly string[]): Workload | undefined {
  const positions = podsByAddress(pods)
  const first = addresses.reduce((least, address) => Math.min(least, positions.get(address) ?? Infinity), Infinity)
  return runningPods(pods)[first]
}

const podsByLabel = memoize((pods: readonly ResourceOf<'Pod'>[]) => byLabel(runningPods(pods), ({ labels }) => labels))

/** Running pods of a namespace with all these labels; none for an empty set of labels. */
export function podsWith(view: View<'Pod'>, namespace: string, labels: Labels): readonly Workload[] {
  const [first] = Object.entries(labels)
  if (first === undefined) return []
  const candidates = podsByLabel(view.list('Pod', namespace)).get(toPair(first)) ?? []
  return candidates.filter(pod => hasLabels(pod.labels, labels))
}

const toPair = ([key, value]: readonly [string, string]) => `${key}=${value}`

/** Index of items by each of their labels, in the order of the list. */
function byLabel<T>(items: readonly T[], labelsOf: (item: T) => Labels): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>()
  for (const item of items) {
    for (const pair of Object.entries(labelsOf(item))) getOrAdd(index, toPair(pair), (): T[] => []).push(item)
  }
  return index
}

/** Service port that targets a workload, with the port number of the workload. */
export interface ServiceTarget {
  readonly service: Service
  readonly port: ServicePort
  readonly target: number
}

/** Properties of a pod that Services depend on. */
export type TargetedPod = Pick<Workload, 'namespace' | 'labels' | 'ports'>

/** Services by the first label of their selector, with their position by creationTimestamp. */
const bySelector = (services: readonly Service[]) => {
  const ordered = sortByCreationTime(services).map((service, position) => ({ service, position }))
  return byLabel(ordered, ({ service }) => Object.fromEntries(Object.entries(service.spec.selector).slice(0, 1)))
}

const targetsAmong = memoize((services: readonly Service[]) => {
  const index = bySelector(services)
  return memoize((workload: TargetedPod): readonly ServiceTarget[] =>
    Object.entries(workload.labels)
      .flatMap(pair => index.get(toPair(pair)) ?? [])
      .filter(({ service }) => hasLabels(workload.labels, service.spec.selector))
      .sort((a, b) => a.position - b.position)
      .flatMap(({ service }) =>
        service.spec.ports.flatMap(port => {
          const target = targetPort(port, workload)
          return target === undefined ? [] : [{ service, port, target }]
        })
      )
  )
})

/** All Service ports that target a workload, those of the oldest Service first. */
export function targetsOf(view: View<'Service'>, workload: TargetedPod): readonly ServiceTarget[] {
  return targetsAmong(view.list('Service', workload.namespace))(workload)
}
