import type { Destination } from '../istio/client.ts'
import { subsetLabels } from '../istio/destination-rule.ts'
import type { Forwarded } from '../istio/route.ts'
import type { Service } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { hasLabels } from '../text/selector.ts'
import type { PathKinds } from './caller.ts'
import { toDestination } from './service-resolution.ts'

/** Destination of a route: without a port, the only port of the Service, else that of the proxy's listener. */
export function destinationOfRoute(
  view: View<PathKinds>,
  service: Service,
  { port, listenerPort, subset, call }: Forwarded
): Destination {
  const [only, ...others] = service.spec.ports
  const host = hostOf(view, service)
  const number = port ?? (others.length === 0 ? only?.port : undefined) ?? listenerPort
  return destinationOf(view, host, number, call.host === host ? undefined : call.host, subset)
}

/** One object for each destination, so that results can be memoized. */
export function destinationOf(
  view: View<PathKinds>,
  host: string,
  port: number,
  authority: string | undefined,
  subset?: string
): Destination {
  const key = `${host}:${port} ${authority} ${subset}`
  return getOrAdd(destinations(view, 'all'), key, () => ({ ...toDestination(view, host, port, authority), subset }))
}

const destinations = memoizeInView((_view: View<PathKinds>, _key: 'all') => new Map<string, Destination>())

/**
 * Part of a destination: the endpoints that a subset selects. Absent if it selects none, or if the clients have no cluster
 * for it.
 */
export function subsetOf(
  view: View<PathKinds>,
  clients: readonly Workload[],
  destination: Destination,
  subset: string
): Destination | undefined {
  const found = clients.map(client => subsetLabels(view, client, destination, subset))
  const [labels] = found
  if (labels === undefined || found.includes(undefined)) return undefined
  const part = getOrAdd(subsetsOf(destination), JSON.stringify([subset, labels]), () => ({
    ...destination,
    subset,
    subsetLabels: labels,
    endpoints: destination.endpoints.filter(({ workload }) => hasLabels(workload.labels, labels))
  }))
  return part.endpoints.length === 0 ? undefined : part
}

const subsetsOf = memoize((_destination: Destination) => new Map<string, Destination>())

/** Memoized, so that the list keeps its identity. */
export const podsBehind = memoize(({ endpoints }: Destination) => endpoints.map(({ workload }) => workload))

export const hostOf = (view: View, { namespace, name }: Service) =>
  serviceHost(namespace, name, view.settings.clusterDomain)
