import type { Destination } from '../istio/client.ts'
import { GATEWAY_NAME } from '../istio/policy-target.ts'
import { podsWith } from '../kubernetes/service.ts'
import { getOrAdd } from '../state/map.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { KubernetesGateway } from './listeners.ts'
import {
  type Binding,
  bindingOf,
  isByAddress,
  MANAGED,
  MESH_CONTROLLER,
  nameIn,
  type WaypointKinds
} from './waypoint.ts'

/** Pod of the waypoint on the way to a destination; absent if it had pods and has none. */
export function waypointPod(
  view: View<WaypointKinds>,
  gateway: KubernetesGateway,
  client: Workload,
  destination: Destination
): Workload | undefined {
  const { host, namespace } = destination
  return podServing(view, gateway, isByAddress(client, destination) ? undefined : { namespace, name: nameIn(host) })
}

/** The waypoint as it calls a destination that its route leads to: as that of the Service, if it serves that too. */
export function waypointFor(view: View<WaypointKinds>, waypoint: Workload, { host, namespace }: Destination): Workload {
  const name = nameIn(host)
  const labels = view.get('Service', namespace, name)?.labels ?? {}
  const binding = bindingOf(view, { namespace, labels }, 'service')
  const isServed =
    binding?.is === 'bound' &&
    binding.gateway.namespace === waypoint.namespace &&
    binding.gateway.name === waypoint.labels[GATEWAY_NAME]
  return (isServed && podServing(view, binding.gateway, { namespace, name })) || waypoint
}

function podServing(
  view: View<WaypointKinds>,
  gateway: KubernetesGateway,
  serves: Workload['serves']
): Workload | undefined {
  return getOrAdd(waypointPods(view, gateway), serves && `${serves.namespace}/${serves.name}`, () => {
    const { namespace, name, status } = gateway
    const [running] = podsWith(view, namespace, { [GATEWAY_NAME]: name }).filter(({ proxy }) => proxy === 'waypoint')
    if (running !== undefined) return { ...running, serves }
    return status !== undefined && status.addresses.length > 0 ? undefined : { ...nextPod(gateway), serves }
  })
}

const waypointPods = memoizeInView(
  (_view: View<WaypointKinds>, _gateway: KubernetesGateway) => new Map<string | undefined, Workload | undefined>()
)

/** @see istio 1.31 manifests/charts/istio-control/istio-discovery/files/waypoint.yaml */
function nextPod({ namespace, name }: KubernetesGateway): Workload {
  return {
    namespace,
    name: `${name} (next pod)`,
    labels: { [GATEWAY_NAME]: name, [MANAGED]: MESH_CONTROLLER },
    serviceAccount: name,
    proxy: 'waypoint',
    ports: [],
    address: undefined,
    captured: false
  }
}

/** Pods of the waypoints that can handle requests to a destination. */
export function waypointsBefore(view: View<WaypointKinds>, destination: Destination): readonly Workload[] {
  const { host, namespace, endpoints } = destination
  const labels = view.get('Service', namespace, nameIn(host))?.labels ?? {}
  const service = toPod(view, bindingOf(view, { namespace, labels }, 'service'), { namespace, name: nameIn(host) })
  return [...service, ...endpoints.flatMap(({ workload }) => toPod(view, bindingOf(view, workload, 'workload')))]
}

function toPod(
  view: View<WaypointKinds>,
  binding: Binding | undefined,
  serves?: Workload['serves']
): readonly Workload[] {
  const pod = binding?.is === 'bound' ? podServing(view, binding.gateway, serves) : undefined
  return pod === undefined ? [] : [pod]
}
