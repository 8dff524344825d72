import { inferencePath } from './calls.ts'
import { serviceHost } from './host.ts'
import {
  type Component,
  componentsOf,
  type InferenceService,
  madeLabels,
  podsOf,
  revisionOf
} from './inference-service.ts'
import { publicDomain } from './knative.ts'
import { ingressOf } from './kserve.ts'
import { matches, matchesPath } from './pattern.ts'
import { findKnativeRefusal } from './revision.ts'
import type { Labels } from './selector.ts'
import { endpointsOf, findService, isHeadless, protocolOf, targetsOf } from './service.ts'
import type { View } from './snapshot.ts'
import type { Words } from './surroundings.ts'
import type { PathKinds } from './way.ts'
import { TLS_MODE_LABEL, type Workload } from './workload.ts'

/** What an InferenceService is like: what counts in any case, and what counts where something speaks of it. */
export interface Traits {
  readonly name: string
  readonly always: string
  readonly said: readonly Said[]
  readonly hosts: readonly string[]
  readonly path: string | undefined
  /** Do pods of its own call it: a transformer, an explainer? */
  readonly callsItself: boolean
}

/** Labels or annotations, and where they stand. */
interface Said {
  readonly place: string
  readonly values: Labels
}

export function traitsOf(view: View<PathKinds>, service: InferenceService): Traits {
  const { name, namespace, created, status, labels, annotations } = service
  const graphs = view
    .list('InferenceGraph', namespace)
    .filter(({ spec }) => Object.values(spec.nodes).some(({ steps }) => steps.some(step => step.serviceName === name)))
  const path = inferencePath(service)
  const domain = publicDomain(view)
  const components = componentsOf(view, service)
  const services = components.map(one => one.service)
  const inCluster = [name, ...components.flatMap(one => hostsOf(service, one))]
  const pods = components.flatMap(one =>
    podsOf(view, service, one).map(pod => ({ like: `${one.name} ${podTraits(view, pod)}`, labels: pod.labels }))
  )
  const templates = [...new Set(pods.map(({ like }) => like))].sort()
  const always = [
    created === undefined,
    status?.deploymentMode,
    telling(labels),
    telling(annotations),
    path?.replaceAll(name, ''),
    graphs.map(graph => graph.name),
    domain,
    components.map(one => componentTraits(view, service, one)),
    templates,
    // What is refused is told of each by its own name.
    components.some(one => findKnativeRefusal(service, one) !== undefined) ? name : undefined
  ]
  return {
    name,
    always: JSON.stringify(always),
    said: [
      { place: 'labels', values: labels },
      { place: 'annotations', values: annotations },
      ...components.map(one => ({ place: one.name, values: { ...one.annotations, ...madeLabels(service, one) } })),
      ...pods.map(({ like, labels }) => ({ place: `pod ${templates.indexOf(like)}`, values: labels }))
    ],
    hosts: [
      ...inCluster.map(one => serviceHost(namespace, one, view.settings.clusterDomain)),
      ...(domain === undefined ? [] : [name, ...services].map(one => `${one}.${namespace}.${domain}`)),
      `${name}-${namespace}.${ingressOf(view).config.ingressDomain}`
    ],
    path,
    callsItself: components.length > 1
  }
}

function hostsOf(service: InferenceService, component: Component): readonly string[] {
  const revision = revisionOf(service, component)
  return [component.service, revision, `${revision}-private`]
}

function componentTraits(view: View<PathKinds>, service: InferenceService, component: Component) {
  const { name, mode, labels, annotations, minReplicas, serviceAccount, hostNetwork } = component
  const own = [telling(labels), telling(annotations), minReplicas, serviceAccount, hostNetwork]
  return [name, mode, ...own, mode === 'Standard' ? serviceTraits(view, service, component) : undefined]
}

function podTraits(view: View<PathKinds>, pod: Workload): string {
  const { proxy, serviceAccount, labels, pastSidecar } = pod
  const protocols = new Map<number, string>()
  // Of several Services for a port, the first counts.
  for (const { target, port } of targetsOf(view, pod).toReversed()) protocols.set(target, protocolOf(port))
  return JSON.stringify([proxy, serviceAccount, pastSidecar, labels[TLS_MODE_LABEL], [...protocols].sort()])
}

/** The Service of a model in Standard mode, as far as it can be another than KServe makes. */
function serviceTraits(view: View<PathKinds>, { namespace }: InferenceService, { service }: Component) {
  const found = findService(view, serviceHost(namespace, service, view.settings.clusterDomain))
  const [port] = found?.spec.ports ?? []
  if (found === undefined || port === undefined) return found === undefined
  return [isHeadless(found), port.port, port.targetPort, endpointsOf(view, found, port).length > 0]
}

/** Keys of these groups mean something to Istio, Knative, KServe or us. */
const GROUPS = /(^|\.)(istio\.io|knative\.dev|kserve\.io|mesh-guard\.io)\//
/** Each model has its own value. */
const OF_MODEL = 'serving.kserve.io/inferenceservice'

function telling(values: Labels): readonly string[] {
  return Object.entries(values)
    .filter(([key]) => GROUPS.test(key) && key !== OF_MODEL)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
}

const NOTHING: readonly string[] = []

/**
 * What tells an InferenceService apart from others of its namespace. Of two with the same likeness every path fares
 * alike, and a check that finds nothing with one finds nothing with the other: their names are all that differs.
 */
export function likenessOf({ name, always, said, hosts, path, callsItself }: Traits, words: Words): string {
  const likeness = [
    words.connections || (words.callers && callsItself) ? [name] : NOTHING,
    words.keys.size + words.pairs.size === 0 ? NOTHING : spokenOf(said, words),
    words.exactHosts.size + words.hostPatterns.length === 0 ? NOTHING : coveredBy(hosts, words),
    path === undefined ? NOTHING : words.paths.filter(pattern => matchesPath(pattern, path))
  ]
  return likeness.every(said => said.length === 0) ? always : always + JSON.stringify(likeness)
}

/** By place, for a selector goes by all labels of one pod. */
function spokenOf(said: readonly Said[], { keys, pairs }: Words): readonly string[] {
  const spoken = new Set<string>()
  for (const { place, values } of said) {
    const words: string[] = []
    for (const key in values) {
      const value = values[key] as string
      if (keys.has(key) || pairs.get(key)?.has(value)) words.push(`${key}=${value}`)
    }
    if (words.length > 0) spoken.add(`${place} ${words.sort().join()}`)
  }
  return [...spoken].sort()
}

/** What speaks of one of these hosts, and not of all hosts of the namespace alike. */
function coveredBy(hosts: readonly string[], { exactHosts, hostPatterns }: Words): readonly string[] {
  const covering: string[] = []
  for (const [i, host] of hosts.entries()) {
    if (exactHosts.has(host)) covering.push(`${i} ${host}`)
    for (const pattern of hostPatterns) if (matches(pattern, host)) covering.push(`${i} ${pattern}`)
  }
  return covering
}
