import {
  declaresTls,
  endpointsOf,
  findService,
  protocolOf,
  type Service,
  type TargetedPod,
  targetsOf
} from '../kubernetes/service.ts'
import type { PathKinds } from '../request/caller.ts'
import type { View } from '../state/snapshot.ts'
import { TLS_MODE_LABEL, type Workload } from '../state/workload.ts'
import { relevantKeys } from './relevant-keys.ts'

/** Pod attributes that can influence paths, and its labels. */
export const describePod = (view: View<PathKinds>, place: string, pod: Workload) => ({
  template: `${place} ${podAttributes(view, pod)}`,
  labels: pod.labels,
  address: pod.address
})

/** Pods behind a Service of the model: they may be other pods than its own. */
export function endpointPods(view: View<PathKinds>, place: string, host: string) {
  const found = findService(view, host)
  return (found?.spec.ports ?? []).flatMap(port =>
    endpointsOf(view, found as Service, port).map(({ workload, port: target }) =>
      describePod(view, `${place} ${port.port} ${target}`, workload)
    )
  )
}

function podAttributes(view: View<PathKinds>, pod: Workload): string {
  const {
    proxy,
    revision,
    serviceAccount,
    labels,
    excludedInboundPorts,
    servesTls,
    captured,
    hostNetwork,
    ports,
    probes
  } = pod
  return JSON.stringify([
    proxy,
    revision,
    serviceAccount,
    excludedInboundPorts,
    servesTls,
    probes,
    captured,
    hostNetwork,
    ports.filter(({ name }) => name !== undefined),
    labels[TLS_MODE_LABEL],
    portProtocols(view, pod)
  ])
}

/** Protocols that Services declare for the ports of a pod. */
export function portProtocols(view: View<PathKinds>, pod: TargetedPod) {
  const protocols = new Map<number, readonly unknown[]>()
  // If several Services target a port, the first takes precedence.
  for (const { target, port } of targetsOf(view, pod).toReversed())
    protocols.set(target, [protocolOf(port), declaresTls(port)])
  return [...protocols].sort()
}

/** Fields of a Service of the model, which may differ from those that KServe and Knative generate. */
export function serviceAttributes(view: View<PathKinds>, host: string, hosts: readonly string[]) {
  const [name = '', namespace = ''] = host.split('.')
  const found = view.get('Service', namespace, name)
  if (found === undefined) return undefined
  const { type, clusterIP, externalName = '', ports } = found.spec
  const target = hosts.indexOf(externalName)
  return [type, clusterIP === 'None', target < 0 ? externalName : target, ports, relevantKeys(found.annotations)]
}
