import { sortByCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning, toWorkload, type Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { hasLabels, isEmpty, type Labels } from '../text/selector.ts'

export type Service = ResourceOf<'Service'>
export type ServicePort = Service['spec']['ports'][number]

export interface Endpoint {
  readonly workload: Workload
  /** Of the workload, not of the Service. */
  readonly port: number
}

/** How Istio treats a port: `auto` when it has to look at the bytes. */
export type PortProtocol = 'http' | 'tcp' | 'auto'

const HTTP = ['http', 'http2', 'grpc', 'grpc-web', 'kubernetes.io/h2c']
const TCP = ['tcp', 'tls', 'https', 'mongo', 'redis', 'mysql', 'udp']

/**
 * @see istio pkg/config/kube/conversion.go (ConvertProtocol): the port's `appProtocol`, else its name up to the first dash
 */
export function protocolOf({ name, appProtocol }: Pick<ServicePort, 'name' | 'appProtocol'>): PortProtocol {
  const word = (appProtocol ?? name ?? '').toLowerCase()
  const known = [word, ...[1, 2].map(parts => word.split('-', parts).join('-'))]
  if (known.some(one => HTTP.includes(one))) return 'http'
  return known.some(one => TCP.includes(one)) ? 'tcp' : 'auto'
}

/** How many aliases of aliases are followed; more are a loop. */
const MAX_ALIASES = 4

/**
 * The Service behind a DNS name of the cluster. An ExternalName Service is another name for its target.
 * @see istio pilot/pkg/serviceregistry/kube/controller/controller.go (external name aliases, since 1.21)
 */
export function findService(view: View<'Service'>, host: string, depth = 0): Service | undefined {
  const [name, namespace] = host.split('.')
  if (name === undefined || namespace === undefined) return undefined
  if (serviceHost(namespace, name, view.settings.clusterDomain) !== host) return undefined
  const service = view.get('Service', namespace, name)
  if (service?.spec.type !== 'ExternalName') return service
  return depth === MAX_ALIASES ? undefined : findService(view, service.spec.externalName ?? '', depth + 1)
}

/** Every client gets the addresses of the pods themselves, instead of one address for all. */
export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None'
}

/** The pods behind a port of a Service: those it selects, or those that its EndpointSlices name. */
export function endpointsOf(
  view: View<'Pod' | 'EndpointSlice'>,
  service: Service,
  port: ServicePort
): readonly Endpoint[] {
  if (isEmpty(service.spec.selector)) return listedEndpoints(view, service, port)
  return podsWith(view, service.namespace, service.spec.selector).flatMap(workload => {
    const number = targetPort(port, workload)
    return number === undefined ? [] : [{ workload, port: number }]
  })
}

/** The number of the workload's port; absent when the port is named and the workload has none of that name. */
function targetPort({ port, targetPort: target = port }: ServicePort, { ports }: Workload): number | undefined {
  if (typeof target === 'number') return target
  return ports.find(({ name }) => name === target)?.containerPort
}

/**
 * An endpoint belongs to the pod that it refers to, or else to the pod with its address in the same namespace.
 * @see istio pilot/pkg/serviceregistry/kube/controller/endpointslice.go (getPod)
 */
function listedEndpoints(
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
          : runningPods(view.list('Pod', namespace)).find(({ address = '' }) => addresses.includes(address))
      return workload === undefined ? [] : [{ workload, port: number }]
    })
  })
}

function findPod(view: View<'Pod'>, namespace: string, name: string): Workload | undefined {
  const pod = view.get('Pod', namespace, name)
  return pod !== undefined && isRunning(pod) ? toWorkload(pod) : undefined
}

const runningPods = memoize((pods: readonly ResourceOf<'Pod'>[]) => pods.filter(isRunning).map(toWorkload))
const podsByLabel = memoize((pods: readonly ResourceOf<'Pod'>[]) => byLabel(runningPods(pods), ({ labels }) => labels))

/** The running pods of a namespace that have all these labels; there must be one. */
export function podsWith(view: View<'Pod'>, namespace: string, labels: Labels): readonly Workload[] {
  const [first] = Object.entries(labels)
  if (first === undefined) return []
  const candidates = podsByLabel(view.list('Pod', namespace)).get(toPair(first)) ?? []
  return candidates.filter(pod => hasLabels(pod.labels, labels))
}

const toPair = ([key, value]: readonly [string, string]) => `${key}=${value}`

/** Things by each of their labels, in order. */
function byLabel<T>(things: readonly T[], labelsOf: (thing: T) => Labels): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>()
  for (const thing of things) {
    for (const pair of Object.entries(labelsOf(thing))) getOrAdd(index, toPair(pair), (): T[] => []).push(thing)
  }
  return index
}

/** A Service that leads to a workload, with the port it leads to. */
export interface ServiceTarget {
  readonly service: Service
  readonly port: ServicePort
  readonly target: number
}

/** Services by one of the labels that they select, with their place in order of age. */
const bySelector = (services: readonly Service[]) => {
  const aged = sortByCreationTime(services).map((service, place) => ({ service, place }))
  return byLabel(aged, ({ service }) => Object.fromEntries(Object.entries(service.spec.selector).slice(0, 1)))
}

const targetsAmong = memoize((services: readonly Service[]) => {
  const index = bySelector(services)
  return memoize((workload: Workload): readonly ServiceTarget[] =>
    Object.entries(workload.labels)
      .flatMap(pair => index.get(toPair(pair)) ?? [])
      .filter(({ service }) => hasLabels(workload.labels, service.spec.selector))
      .sort((a, b) => a.place - b.place)
      .flatMap(({ service }) =>
        service.spec.ports.flatMap(port => {
          const target = targetPort(port, workload)
          return target === undefined ? [] : [{ service, port, target }]
        })
      )
  )
})

/** All ports of all Services that lead to a workload, the oldest Service first. */
export function targetsOf(view: View<'Service'>, workload: Workload): readonly ServiceTarget[] {
  return targetsAmong(view.list('Service', workload.namespace))(workload)
}
