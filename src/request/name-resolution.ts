import { EXPORT_TO, isExported, scopeOf } from '../istio/sidecar.ts'
import { findService, type Service } from '../kubernetes/service.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost, serviceHost, toFullName } from '../text/host.ts'

/** Resolves a name like DNS in a pod: as it is, then with each search domain. */
export function resolveService(view: View<'Service'>, host: string, namespace: string) {
  const { clusterDomain } = view.settings
  const searched = ['', `.${namespace}.svc.${clusterDomain}`, `.svc.${clusterDomain}`, `.${clusterDomain}`]
  const [first] = searched.flatMap(domain => {
    const called = `${host}${domain}`
    const service = findService(view, called)
    return service === undefined ? [] : [{ called, service }]
  })
  return first
}

export function hostOf(view: View, { namespace, name }: Service): string {
  return serviceHost(namespace, name, view.settings.clusterDomain)
}

/** A sidecar without configuration for a Service forwards its traffic as TCP passthrough or rejects it. */
export function hiddenFromSidecar(view: View, client: Workload, service: Service): string | undefined {
  if (client.proxy === 'none') return undefined
  const reason = "how the client's sidecar forwards a host outside its scope"
  if (!isExported(view, service, client.namespace))
    return `${reason} (${nameOf(service)} metadata.annotations[${EXPORT_TO}])`
  const { imports, by } = scopeOf(view, client)
  const ports = service.spec.ports.map(({ port }) => port)
  const target = { host: hostOf(view, service), namespace: service.namespace, ports }
  return by === undefined || imports(target) ? undefined : `${reason} (${nameOf(by)} spec.egress)`
}

const MESH = 'mesh'

/** VirtualServices that may route a sidecar's requests for this host to another destination. */
export function virtualServicesFor(
  view: View,
  { proxy }: Workload,
  host: string
): readonly ResourceOf<'VirtualService'>[] {
  if (proxy !== 'sidecar') return []
  const { clusterDomain } = view.settings
  return view.list('VirtualService').filter(({ namespace, spec: { hosts, gateways } }) => {
    const isForSidecars = gateways.length === 0 || gateways.includes(MESH)
    return isForSidecars && hosts.some(pattern => coversHost(toFullName(pattern, namespace, clusterDomain), host))
  })
}
