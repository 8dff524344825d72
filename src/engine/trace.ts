import type { Destination } from '../model/client.ts'
import { coversHost, serviceHost, toFullName } from '../model/host.ts'
import { pass } from '../model/passage.ts'
import { nameOf } from '../model/resource.ts'
import { endpointsOf, findService, isHeadless, type Service } from '../model/service.ts'
import { EXPORT_TO, isExported, scopeOf } from '../model/sidecar.ts'
import type { Snapshot, View } from '../model/snapshot.ts'
import type { Passage } from '../model/verdict.ts'
import { nothingBehind, toServiceRef } from '../model/way.ts'
import { toWorkload, type Workload } from '../model/workload.ts'
import type { Rules } from '../rules/lib/rule.ts'
import { track } from './dependency-tracking.ts'
import { modelKey } from './evaluate.ts'
import { type ExplainedCut, explainCut } from './explain.ts'
import type { Skip } from './finding.ts'

/** One call: from a pod to a port of a Service. */
export interface Question {
  /** `namespace/name` of the pod. */
  readonly from: string
  /** As the pod may write it, so that DNS finds it. */
  readonly host: string
  readonly port: number
  /** Absent: any, where a policy goes by it. */
  readonly path: string | undefined
  readonly method: string
}

/** What becomes of the call, at each pod behind the Service. */
export interface Trace {
  readonly destination: Destination
  readonly passages: readonly { readonly passage: Passage; readonly cut: ExplainedCut | undefined }[]
  /** Where no pod stands behind the Service. */
  readonly cut: ExplainedCut | undefined
  readonly unknown: string | undefined
  /** What else happens to the call, which a connection does not show. */
  readonly notes: readonly string[]
}

/** A name that means nothing, and those of its kind that do. */
export interface Mistake {
  /** With the name, in words. */
  readonly what: string
  readonly written: string
  readonly right: readonly string[]
}

export type Traced =
  | { readonly is: 'traced'; readonly trace: Trace }
  | { readonly is: 'mistaken'; readonly mistake: Mistake }
  | { readonly is: 'skipped'; readonly skip: Skip }

type Asked =
  | { readonly mistake: Mistake }
  | {
      readonly mistake?: undefined
      readonly trace: Omit<Trace, 'passages' | 'cut'> & { readonly passages: readonly Passage[] }
    }

/** Follows one call, by the same model that follows paths. */
export function trace(snapshot: Snapshot, question: Question, rules: Rules): Traced {
  const { value, skip } = track(snapshot, view => ask(view, question))
  if (value === undefined) return { is: 'skipped', skip: { rule: 'trace', ...skip } }
  if (value.mistake !== undefined) return { is: 'mistaken', mistake: value.mistake }
  const { passages, ...rest } = value.trace
  const { destination, unknown } = rest
  const isEmpty = unknown === undefined && destination.endpoints.length === 0
  return {
    is: 'traced',
    trace: {
      ...rest,
      passages: passages.map(passage => ({ passage, cut: explainCut(passage.cut, snapshot, rules) })),
      cut: explainCut(isEmpty ? nothingBehind(toServiceRef(destination.host)) : undefined, snapshot, rules)
    }
  }
}

function ask(view: View, { from, host, port: number, path, method }: Question): Asked {
  const [namespace = '', name = ''] = from.split('/')
  const pod = view.get('Pod', namespace, name)
  if (pod === undefined) return mistake(`pod ${from}`, from, view.list('Pod').map(modelKey))
  const found = resolve(view, host, namespace)
  if (found === undefined) {
    const hosts = view.list('Service').map(one => `${one.name}.${one.namespace}`)
    return mistake(`Service ${host}`, host, hosts)
  }
  const { called, service } = found
  const port = service.spec.ports.find(one => one.port === number)
  if (port === undefined) {
    const ports = service.spec.ports.map(one => String(one.port))
    return mistake(`port ${number} of ${nameOf(service)}`, String(number), ports)
  }
  const client = toWorkload(pod)
  const destination: Destination = {
    host: hostOf(view, service),
    namespace: service.namespace,
    port: number,
    headless: isHeadless(service),
    endpoints: endpointsOf(view, service, port)
  }
  const notes = routedBy(view, client, called)
  const unknown = strangeTo(view, client, service)
  if (unknown !== undefined) return { trace: { destination, passages: [], unknown, notes } }
  const call = { host, path, method, token: undefined, headers: {}, headersComplete: false }
  const passages = destination.endpoints.map(endpoint => pass(view, { client, call, destination, endpoint }))
  return { trace: { destination, passages, unknown, notes } }
}

function mistake(what: string, written: string, right: readonly string[]): Asked {
  return { mistake: { what, written, right } }
}

/** As DNS looks a name up in a pod: itself, then with the domains that the pod searches. */
function resolve(view: View<'Service'>, host: string, namespace: string) {
  const { clusterDomain } = view.settings
  const searched = ['', `.${namespace}.svc.${clusterDomain}`, `.svc.${clusterDomain}`, `.${clusterDomain}`]
  const [first] = searched.flatMap(domain => {
    const called = `${host}${domain}`
    const service = findService(view, called)
    return service === undefined ? [] : [{ called, service }]
  })
  return first
}

function hostOf(view: View, { namespace, name }: Service): string {
  return serviceHost(namespace, name, view.settings.clusterDomain)
}

/** A sidecar that is not told of a Service passes its traffic on unlooked at, or refuses it. */
function strangeTo(view: View, client: Workload, service: Service): string | undefined {
  if (client.proxy === 'none') return undefined
  const stranger = "what the caller's sidecar does with a host that it does not know, by"
  if (!isExported(service, client.namespace)) return `${stranger} ${nameOf(service)} metadata.annotations[${EXPORT_TO}]`
  const { imports, by } = scopeOf(view, client)
  const ports = service.spec.ports.map(({ port }) => port)
  const target = { host: hostOf(view, service), namespace: service.namespace, ports }
  return by === undefined || imports(target) ? undefined : `${stranger} ${nameOf(by)} spec.egress`
}

const MESH = 'mesh'

/** VirtualServices that may send a sidecar's requests for this host elsewhere. */
function routedBy(view: View, { proxy }: Workload, host: string): readonly string[] {
  if (proxy !== 'sidecar') return []
  const { clusterDomain } = view.settings
  return view
    .list('VirtualService')
    .filter(({ namespace, spec: { hosts, gateways } }) => {
      const isForSidecars = gateways.length === 0 || gateways.includes(MESH)
      return isForSidecars && hosts.some(pattern => coversHost(toFullName(pattern, namespace, clusterDomain), host))
    })
    .map(one => `${nameOf(one)} routes requests for this host: \`mesh-guard explain\` follows them, this does not`)
}
