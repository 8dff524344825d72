import { sortByCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { coversHost, serviceHost } from '../text/host.ts'
import { hasLabels } from '../text/selector.ts'
import { meshOf } from './mesh.ts'
import type { Visibility } from './peer-authentication.ts'

type Sidecar = ResourceOf<'Sidecar'>
type Egress = Sidecar['spec']['egress'][number]

interface Target {
  readonly host: string
  readonly namespace: string
  readonly ports: readonly number[]
}

/** What a proxy knows of the mesh. */
export interface Scope {
  /** The object that narrows the scope; without one the proxy knows everything that is exported to it. */
  readonly by: Sidecar | undefined
  imports(target: Target): boolean
  /** Does it know the policies of a namespace? */
  readonly sees: Visibility
}

export const EXPORT_TO = 'networking.istio.io/exportTo'
const EVERYTHING: Egress = { hosts: ['*/*'], port: undefined }

/**
 * The scope of a proxy: of the Sidecar objects of its namespace the one that selects it, else that of the root
 * namespace; gateways are never narrowed. It sees the PeerAuthentications of the root namespace, of its own, and of
 * those of which it imports a Service: a namespace without any is not among them.
 * @see istio pilot/pkg/model/sidecar.go (selectAuthnPolicies), push_context.go (doGetSidecarScope)
 */
export const scopeOf: (
  view: View<'Sidecar' | 'Service' | 'ConfigMap'>,
  proxy: Pick<Workload, 'namespace' | 'labels' | 'proxy'>
) => Scope = memoizeInView((view, { namespace, labels, proxy }) => {
  const { rootNamespace } = meshOf(view)
  const by = proxy === 'gateway' ? undefined : (ownSidecar(view, namespace, labels) ?? rootSidecar(view, rootNamespace))
  const egress = by === undefined || by.spec.egress.length === 0 ? [EVERYTHING] : by.spec.egress
  const imports = (target: Target) => egress.some(one => importsBy(one, namespace, target))
  const { clusterDomain } = view.settings
  const importsFrom = (other: string) =>
    view.list('Service', other).some(service => {
      const host = serviceHost(service.namespace, service.name, clusterDomain)
      const ports = service.spec.ports.map(({ port }) => port)
      return isExported(service, namespace) && imports({ host, namespace: other, ports })
    })
  const known = new Map([namespace, rootNamespace].map(one => [one, true]))
  return { by, imports, sees: other => getOrAdd(known, other, () => importsFrom(other)) }
})

/** Sidecars with a selector come before those without. */
function ownSidecar(view: View<'Sidecar'>, namespace: string, labels: Workload['labels']): Sidecar | undefined {
  const sidecars = sortByCreationTime(view.list('Sidecar', namespace))
  const selecting = sidecars.find(
    ({ spec }) => spec.workloadSelector !== undefined && hasLabels(labels, spec.workloadSelector.labels)
  )
  return selecting ?? sidecars.find(({ spec }) => spec.workloadSelector === undefined)
}

function rootSidecar(view: View<'Sidecar'>, rootNamespace: string): Sidecar | undefined {
  return sortByCreationTime(view.list('Sidecar', rootNamespace)).find(({ spec }) => spec.workloadSelector === undefined)
}

/** Hosts are `namespace/name`; `.` is the proxy's own namespace, `*` any, and a leading `~` takes out again. */
function importsBy({ hosts, port }: Egress, own: string, { host, namespace, ports }: Target): boolean {
  if (port?.number !== undefined && !ports.includes(port.number)) return false
  const matching = hosts.filter(entry => {
    const [scope = '', pattern = ''] = entry.replace(/^~/, '').split('/')
    const wanted = scope === '.' ? own : scope
    return (wanted === '*' || wanted === '' || wanted === namespace) && coversHost(pattern, host)
  })
  return matching.length > 0 && !matching.some(entry => entry.startsWith('~'))
}

/** The namespaces that a Service is exported to; `undefined` for all. `*` means all, `.` its own. */
export const exportedTo = memoize(({ annotations }: ResourceOf<'Service'>) =>
  annotations[EXPORT_TO]?.split(',').map(one => one.trim())
)

/** @see istio pkg/config/kube: the annotation of a Service that says who may see it. */
export function isExported(service: ResourceOf<'Service'>, namespace: string): boolean {
  const to = exportedTo(service)
  return (
    to === undefined ||
    to.some(one => one === '*' || one === namespace || (one === '.' && namespace === service.namespace))
  )
}
