import type { Destination } from './client.ts'
import { dedupeEndpoints, dedupePods } from './dedupe-endpoints.ts'
import { appliesTo } from './gateway.ts'
import { getOrAdd } from './map.ts'
import { memoizeInView } from './memoize.ts'
import type { ResourceOf } from './resource.ts'
import { hasLabels, isEmpty } from './selector.ts'
import { type Endpoint, endpointsOf, findService, isHeadless, type Service } from './service.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

/** A port of a Service that exists, with what stands behind it. Without any, there are no endpoints. */
export function toDestination(
  view: View<'Service' | 'Pod' | 'EndpointSlice'>,
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

/** The pods behind a gateway's Service; where none is seen, one as the Service would select it. */
function gatewayEndpoints(view: View<'Pod' | 'EndpointSlice'>, service: Service, number: number): readonly Endpoint[] {
  return getOrAdd(endpointsByPort(view, service), number, () => findEndpoints(view, service, number))
}

const endpointsByPort = memoizeInView(
  (_view: View<'Pod' | 'EndpointSlice'>, _service: Service) => new Map<number, readonly Endpoint[]>()
)

function findEndpoints(view: View<'Pod' | 'EndpointSlice'>, service: Service, number: number): readonly Endpoint[] {
  const port = service.spec.ports.find(one => one.port === number)
  if (port === undefined) return []
  const endpoints = dedupeEndpoints(endpointsOf(view, service, port))
  const { namespace, name, spec } = service
  if (endpoints.length > 0 || isEmpty(spec.selector) || typeof port.targetPort === 'string') return endpoints
  const workload: Workload = {
    namespace,
    name: `${name} (next pod)`,
    labels: spec.selector,
    serviceAccount: 'default',
    proxy: 'gateway',
    ports: [],
    address: undefined
  }
  return [{ workload, port: port.targetPort ?? number }]
}

/** The pods that a Gateway object is meant for. */
export const podsOfGateway: (view: View<'Pod'>, gateway: ResourceOf<'Gateway'>) => readonly Workload[] = memoizeInView(
  (view, gateway) => dedupePods(view.gateways().filter(pod => appliesTo(gateway, pod)))
)

/** The Services by which callers from outside reach pods: public ones, else those that Gateways number their ports by. */
export const entryServices: (view: View<'Service'>, pods: readonly Workload[]) => readonly Service[] = memoizeInView(
  (view, pods) => {
    const namespaces = [...new Set(pods.map(({ namespace }) => namespace))]
    const leading = namespaces
      .flatMap(namespace => view.list('Service', namespace))
      .filter(({ spec }) => !isEmpty(spec.selector) && pods.some(({ labels }) => hasLabels(labels, spec.selector)))
    const open = leading.filter(({ spec }) => spec.type === 'LoadBalancer' || spec.type === 'NodePort')
    return open.length > 0 ? open : leading
  }
)
