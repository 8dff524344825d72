import { canariesOf } from '../kserve/canaries.ts'
import { inferencePath } from '../kserve/inference-request.ts'
import {
  type Component,
  componentsOf,
  generatedLabels,
  type InferenceService,
  isOfRevision,
  podsOf,
  previousRevisionOf,
  revisionOf
} from '../kserve/inference-service.ts'
import { nextPorts } from '../kserve/next-pod.ts'
import { addressPattern, type Publication, publicationOf } from '../kserve/publication.ts'
import type { PathKinds } from '../request/caller.ts'
import { findKnativeRejection } from '../request/revision.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { matches, matchesPath } from '../text/pattern.ts'
import type { Labels } from '../text/selector.ts'
import { externalAttributes } from './external-attributes.ts'
import type { Discriminators } from './namespace-discriminators.ts'
import { addressesOf, matchedBlocks, type PodAddress } from './pod-addresses.ts'
import { relevantKeys } from './relevant-keys.ts'
import { routeAttributes } from './route-attributes.ts'
import { describePod, endpointPods, portProtocols, serviceAttributes } from './service-attributes.ts'

/**
 * Attributes of an InferenceService that can influence its paths: `baseFingerprint` always does, the others only if
 * configuration selects on them.
 */
export interface ModelAttributes {
  readonly name: string
  readonly baseFingerprint: string
  readonly labelsAndAnnotations: readonly KeyValues[]
  readonly hosts: readonly string[]
  readonly paths: readonly string[]
  readonly addresses: readonly PodAddress[]
  /** True if a transformer or explainer of the InferenceService calls its predictor. */
  readonly hasInternalCalls: boolean
}

/** Labels or annotations, and the part of the InferenceService that has them. */
interface KeyValues {
  readonly place: string
  readonly values: Labels
}

export function attributesOf(view: View<PathKinds>, service: InferenceService): ModelAttributes {
  const { name, namespace, created, status, labels, annotations, spec } = service
  const { predictor, transformer, explainer, canary } = spec
  const path = inferencePath(service)
  const publication = publicationOf(view, service)
  const components = [...componentsOf(view, service), ...canariesOf(view, service)]
  const inCluster = inClusterHosts(view, service, components)
  const hosts = [...inCluster, ...publication.addresses.map(({ host }) => host)]
  const pods = [
    ...components.flatMap(one => runningPods(view, service, one)),
    ...inCluster.flatMap((host, i) => endpointPods(view, String(i), host))
  ]
  const templates = [...new Set(pods.map(({ template }) => template))].sort()
  const baseFingerprint = [
    created === undefined,
    status?.deploymentMode,
    relevantKeys(labels),
    relevantKeys(annotations),
    path?.replaceAll(name, ''),
    graphsWith(view, service),
    publicationAttributes(service, publication),
    externalAttributes(view, service, components),
    [predictor, transformer, explainer, ...canary.map(one => one.predictor)].map(fieldsOf),
    canary.map(one => one.trafficPercent),
    components.map(one => componentAttributes(service, one)),
    inCluster.map(host => serviceAttributes(view, host, inCluster)),
    routeAttributes(view, service, components, hosts),
    templates,
    components.map(one =>
      portProtocols(view, { namespace, labels: generatedLabels(service, one), ports: nextPorts(one).ports })
    ),
    // The finding for a rejected revision contains the name of its model.
    components.some(one => findKnativeRejection(service, one) !== undefined) ? name : undefined
  ]
  return {
    name,
    baseFingerprint: JSON.stringify(baseFingerprint),
    labelsAndAnnotations: [
      { place: 'labels', values: labels },
      { place: 'annotations', values: annotations },
      ...components.map(one => ({ place: one.name, values: { ...one.annotations, ...generatedLabels(service, one) } })),
      ...pods.map(({ template, labels }) => ({ place: `pod ${templates.indexOf(template)}`, values: labels }))
    ],
    hosts,
    paths:
      path === undefined ? [] : ['', ...publication.addresses.map(one => one.path)].map(prefix => `${prefix}${path}`),
    addresses: addressesOf(pods, templates),
    hasInternalCalls: components.length > 1
  }
}

/** Names of the InferenceGraphs that have the model as a step. */
function graphsWith(view: View<PathKinds>, { namespace, name }: InferenceService): readonly string[] {
  const isStep = (step: { readonly serviceName?: string | undefined }) => step.serviceName === name
  return view
    .list('InferenceGraph', namespace)
    .filter(({ spec }) => Object.values(spec.nodes).some(({ steps }) => steps.some(isStep)))
    .map(graph => graph.name)
}

function runningPods(view: View<PathKinds>, service: InferenceService, component: Component) {
  const previous = previousRevisionOf(service, component)
  const place = (pod: Workload) => (previous !== undefined && isOfRevision(pod, previous) ? ' previous' : '')
  return podsOf(view, service, component).map(pod => describePod(view, `${component.name}${place(pod)}`, pod))
}

/** Hosts of the Services of a model. */
function inClusterHosts(
  { settings }: View<PathKinds>,
  service: InferenceService,
  components: readonly Component[]
): readonly string[] {
  const services = components.flatMap(component => {
    const previous = previousRevisionOf(service, component)
    const revisions = [revisionOf(service, component), ...(previous === undefined ? [] : [previous])]
    return [component.service, ...revisions.flatMap(revision => [revision, `${revision}-private`])]
  })
  return [service.name, ...services].map(one => serviceHost(service.namespace, one, settings.clusterDomain))
}

/** Where a model is published, without its names. */
function publicationAttributes(service: InferenceService, { addresses, absent, ...publication }: Publication) {
  const patterns = addresses.map(one => [one.name, addressPattern(service, one), one.isConfigured])
  return { ...publication, patterns, absent: absent?.reason }
}

/** Every field of a component that the model reads, for checks that read them: labels are compared apart. */
function fieldsOf(component: InferenceService['spec']['predictor']) {
  return component && { ...component, labels: undefined, annotations: relevantKeys(component.annotations) }
}

function componentAttributes({ name: model }: InferenceService, component: Component) {
  const { labels, annotations, service, ...own } = component
  return [own, service.slice(model.length), relevantKeys(labels), relevantKeys(annotations)]
}

const NONE: readonly string[] = []

/**
 * Fingerprint of an InferenceService. Two with equal fingerprints have equal paths and equal check results: only their
 * names differ.
 */
export function fingerprintOf(
  { name, baseFingerprint, labelsAndAnnotations, hosts, paths, addresses, hasInternalCalls }: ModelAttributes,
  discriminators: Discriminators
): string {
  const parts = [
    discriminators.connections || (discriminators.callers && hasInternalCalls) ? [name] : NONE,
    discriminators.keys.size + discriminators.pairs.size === 0
      ? NONE
      : matchedLabels(labelsAndAnnotations, discriminators),
    discriminators.exactHosts.size + discriminators.hostPatterns.length === 0
      ? NONE
      : matchedHosts(hosts, discriminators),
    paths.flatMap((path, i) => discriminators.paths.flatMap(one => (matchesPath(one, path) ? `${i} ${one}` : []))),
    discriminators.blocks.length === 0 ? NONE : matchedBlocks(addresses, discriminators.blocks)
  ]
  return parts.every(part => part.length === 0) ? baseFingerprint : baseFingerprint + JSON.stringify(parts)
}

/** Grouped by place, because a selector matches on all labels of one pod. */
function matchedLabels(labelsAndAnnotations: readonly KeyValues[], { keys, pairs }: Discriminators): readonly string[] {
  const matched = new Set<string>()
  for (const { place, values } of labelsAndAnnotations) {
    const matchedValues: string[] = []
    for (const key in values) {
      const value = values[key] as string
      if (keys.has(key) || pairs.get(key)?.has(value)) matchedValues.push(`${key}=${value}`)
    }
    if (matchedValues.length > 0) matched.add(`${place} ${matchedValues.sort().join()}`)
  }
  return [...matched].sort()
}

/** Configured hosts and patterns that match one of these hosts but not every host of the namespace. */
function matchedHosts(hosts: readonly string[], { exactHosts, hostPatterns }: Discriminators): readonly string[] {
  const covering: string[] = []
  for (const [i, host] of hosts.entries()) {
    if (exactHosts.has(host)) covering.push(`${i} ${host}`)
    for (const pattern of hostPatterns) if (matches(pattern, host)) covering.push(`${i} ${pattern}`)
  }
  return covering
}
