import type { Destination } from '../istio/client.ts'
import { appliesTo } from '../istio/gateway-servers.ts'
import { dedupeEndpoints, dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import { type Endpoint, endpointsOf, findService, isHeadless, type Service } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { Ref, ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { hasLabels, isEmpty } from '../text/selector.ts'
import type { Failure } from './failure.ts'

/** Destination for a port of a Service, with its endpoints; without endpoints if the Service does not exist. */
export function toDestination(
  view: View<'Service' | 'Pod' | 'EndpointSlice' | 'Gateway'>,
  host: string,
  port: number,
  authority?: string
): Destination {
  const service = findService(view, host)
  const endpoints = service === undefined ? [] : gatewayEndpoints(view, service, port)
  return {
    host,
    namespace: service?.namespace ?? '',
    port,
    headless: service !== undefined && isHeadless(service),
    endpoints,
    authority
  }
}

/** Endpoints of a Service; without a running pod, one pod that the Service of a gateway would select. */
function gatewayEndpoints(
  view: View<'Pod' | 'EndpointSlice' | 'Gateway'>,
  service: Service,
  number: number
): readonly Endpoint[] {
  return getOrAdd(endpointsByPort(view, service), number, () => findEndpoints(view, service, number))
}

const endpointsByPort = memoizeInView(
  (_view: View<'Pod' | 'EndpointSlice' | 'Gateway'>, _service: Service) => new Map<number, readonly Endpoint[]>()
)

function findEndpoints(
  view: View<'Pod' | 'EndpointSlice' | 'Gateway'>,
  service: Service,
  number: number
): readonly Endpoint[] {
  const port = service.spec.ports.find(one => one.port === number)
  if (port === undefined) return []
  const endpoints = dedupeEndpoints(endpointsOf(view, service, port))
  const { namespace, name, spec } = service
  if (endpoints.length > 0 || typeof port.targetPort === 'string') return endpoints
  const isOfGateway = view
    .list('Gateway')
    .some(gateway => !isEmpty(gateway.spec.selector) && hasLabels(spec.selector, gateway.spec.selector))
  if (!isOfGateway) return endpoints
  const workload: Workload = {
    namespace,
    name: `${name} (next pod)`,
    labels: spec.selector,
    serviceAccount: 'default',
    proxy: 'gateway',
    ports: [],
    address: undefined,
    unknownLabels: 'any'
  }
  return [{ workload, port: port.targetPort ?? number }]
}

/** Pods that a Gateway selects. */
export const podsOfGateway: (view: View<'Pod'>, gateway: ResourceOf<'Gateway'>) => readonly Workload[] = memoizeInView(
  (view, gateway) => dedupePods(view.gateways().filter(pod => appliesTo(gateway, pod)))
)

/** Services through which external clients reach the pods: public ones, otherwise every Service that selects them. */
export const entryServices: (view: View<'Service'>, pods: readonly Workload[]) => readonly Service[] = memoizeInView(
  (view, pods) => {
    const namespaces = [...new Set(pods.map(({ namespace }) => namespace))]
    const selecting = namespaces
      .flatMap(namespace => view.list('Service', namespace))
      .filter(({ spec }) => !isEmpty(spec.selector) && pods.some(({ labels }) => hasLabels(labels, spec.selector)))
    const publicServices = selecting.filter(({ spec }) => spec.type === 'LoadBalancer' || spec.type === 'NodePort')
    return publicServices.length > 0 ? publicServices : selecting
  }
)

export function noEndpoints(address: Ref): Failure {
  return { cause: 'no-endpoints', address }
}

/** Service of a cluster DNS name, whether it exists or not. */
export function toServiceRef(host: string): Ref {
  const [name = '', namespace = ''] = host.split('.')
  return { apiVersion: 'v1', kind: 'Service', namespace, name }
}
