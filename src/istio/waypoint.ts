import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'
import { isAmbient } from './ambient.ts'
import type { Destination } from './client.ts'

const USE_WAYPOINT = 'istio.io/use-waypoint'
const FOR_INGRESS = 'istio.io/ingress-use-waypoint'

/**
 * True if a waypoint can be on the way to a server: captured clients pass the one that labels of its Service, pod or namespace
 * name; gateways only where a label says so; sidecars never.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/waypoints.go (fetchWaypointForTarget), services.go
 */
export function passesWaypoint(
  view: View<'Namespace' | 'Service'>,
  client: Workload,
  { host, namespace }: Pick<Destination, 'host' | 'namespace'>,
  server: Workload
): boolean {
  const isGateway = client.proxy === 'gateway'
  if (!isGateway && !(client.proxy === 'none' && isAmbient(view, client))) return false
  const service = view.get('Service', namespace, host.replace(/\..*/, ''))?.labels ?? {}
  const ofNamespace = view.get('Namespace', '', namespace)?.labels ?? {}
  const binds = (labels: Labels) => !['none', undefined].includes(labels[USE_WAYPOINT])
  const isBound = [service, ofNamespace, server.labels].some(binds)
  return isBound && (!isGateway || (service[FOR_INGRESS] ?? ofNamespace[FOR_INGRESS]) === 'true')
}
