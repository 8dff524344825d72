import { byCreationTime } from '../state/creation-order.ts'
import { getOrAdd } from '../state/map.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { mostSpecific, toFullName } from '../text/host.ts'
import { hasLabels, type Labels } from '../text/selector.ts'
import { meshOf } from './mesh.ts'

export type DestinationRule = ResourceOf<'DestinationRule'>
export type TrafficPolicy = DestinationRule['spec']['trafficPolicy']
export type ClientTls = NonNullable<NonNullable<TrafficPolicy>['tls']>

type Subset = DestinationRule['spec']['subsets'][number]

/** DestinationRules of one host and namespace, merged: the first sets policy and name, the others add only subsets. */
export interface MergedDestinationRule {
  readonly destinationRule: DestinationRule
  readonly trafficPolicy: TrafficPolicy
  readonly subsets: ReadonlyMap<string, Subset>
}

interface Entry extends MergedDestinationRule {
  readonly exportTo: ReadonlySet<string>
}

/** Entry to which DestinationRules are still added. */
interface NewEntry extends Entry {
  trafficPolicy: Entry['trafficPolicy']
  readonly subsets: Map<string, Subset>
}

type Table = ReadonlyMap<string, readonly Entry[]>

/** DestinationRules of one namespace by host. `exported` are those that other namespaces can see. */
interface Index {
  readonly local: Table
  readonly exported: Table
  /** DestinationRules that only the namespace itself sees; clients in the root namespace use them. */
  readonly privateOnly: Table
}

/** Values of `exportTo`: the namespace itself, and all namespaces. */
const PRIVATE = '.'
const PUBLIC = '*'

export interface ClientWorkload {
  readonly namespace: string
  readonly labels: Labels
  readonly revision?: string | undefined
}

/**
 * DestinationRule that applies to a client of a Service: of the client's namespace, else the Service's, else the root
 * namespace; in each, the most specific host. DestinationRules of different namespaces are not merged.
 * @see istio 1.31 pilot/pkg/model/push_context.go (destinationRule), pilot/pkg/model/sidecar.go (DestinationRule)
 */
export function findDestinationRule(
  view: View<'DestinationRule' | 'ConfigMap'>,
  client: ClientWorkload,
  service: { readonly host: string; readonly namespace: string }
): MergedDestinationRule | undefined {
  const { rootNamespace, destinationRuleExportTo } = meshOf(view, client)
  const { clusterDomain } = view.settings
  const privateByDefault = destinationRuleExportTo.includes(PRIVATE)
  const indexOf = (namespace: string) => {
    const rules = view.list('DestinationRule', namespace)
    return privateByDefault ? privateIndex(rules)(clusterDomain) : publicIndex(rules)(clusterDomain)
  }
  const exported = (namespace: string) => {
    const found = mostSpecific(indexOf(namespace).exported, service.host)
    return found?.filter(({ exportTo }) => isVisible(exportTo, client.namespace)) ?? []
  }

  const own = indexOf(client.namespace)
  const local = mostSpecific(client.namespace === rootNamespace ? own.privateOnly : own.local, service.host)
  if (local !== undefined) return choose(local, client)
  const ofService = exported(service.namespace)
  return choose(ofService.length > 0 ? ofService : exported(rootNamespace), client)
}

/**
 * Labels that a subset selects endpoints by; absent if no DestinationRule of the client defines it, so that it has no cluster.
 * @see istio 1.31 pilot/pkg/networking/core/cluster_builder.go (applyDestinationRule)
 */
export function subsetLabels(
  view: View<'DestinationRule' | 'ConfigMap'>,
  client: ClientWorkload,
  service: { readonly host: string; readonly namespace: string },
  subset: string
): Labels | undefined {
  return findDestinationRule(view, client, service)?.subsets.get(subset)?.labels
}

/** Chooses between entries for one host: the one that selects the client, else the newest without a selector. */
function choose(entries: readonly Entry[], { namespace, labels }: ClientWorkload): Entry | undefined {
  const selected = entries.find(
    ({ destinationRule: { namespace: own, spec } }) =>
      own === namespace && spec.workloadSelector !== undefined && hasLabels(labels, spec.workloadSelector.matchLabels)
  )
  return selected ?? entries.findLast(({ destinationRule: { spec } }) => spec.workloadSelector === undefined)
}

function isVisible(exportTo: ReadonlySet<string>, clientNamespace: string): boolean {
  return exportTo.size === 0 || exportTo.has(PUBLIC) || exportTo.has(clientNamespace)
}

const publicIndex = memoize((rules: readonly DestinationRule[]) => oncePerDomain(rules, false))
const privateIndex = memoize((rules: readonly DestinationRule[]) => oncePerDomain(rules, true))

/** Builds the index once, because a cluster has one domain. */
function oncePerDomain(rules: readonly DestinationRule[], privateByDefault: boolean): (clusterDomain: string) => Index {
  let index: Index | undefined
  return clusterDomain => {
    index ??= makeIndex(rules, clusterDomain, privateByDefault)
    return index
  }
}

/** @see istio 1.31 pilot/pkg/model/push_context.go (setDestinationRules) */
function makeIndex(rules: readonly DestinationRule[], clusterDomain: string, privateByDefault: boolean): Index {
  const local = new Map<string, NewEntry[]>()
  const exported = new Map<string, NewEntry[]>()
  const privateOnly = new Map<string, NewEntry[]>()
  for (const destinationRule of [...rules].sort(bySelectorAndCreationTime)) {
    const { namespace, spec } = destinationRule
    const host = toFullName(spec.host, namespace, clusterDomain)
    const exportTo = new Set(spec.workloadSelector === undefined ? spec.exportTo : [PRIVATE])
    if (isVisible(exportTo, namespace) || exportTo.has(PRIVATE)) add(local, host, destinationRule, exportTo)
    const isPrivate =
      (exportTo.size === 0 && privateByDefault) ||
      (exportTo.size === 1 && (exportTo.has(PRIVATE) || exportTo.has(namespace)))
    add(isPrivate ? privateOnly : exported, host, destinationRule, exportTo)
  }
  return { local, exported, privateOnly }
}

/** DestinationRules with a workloadSelector first, then by creationTimestamp. */
function bySelectorAndCreationTime(a: DestinationRule, b: DestinationRule): number {
  const selectors = Number(b.spec.workloadSelector !== undefined) - Number(a.spec.workloadSelector !== undefined)
  return selectors || byCreationTime(a, b)
}

/**
 * Adds a DestinationRule to the entries of its host: merged into an earlier one, or as an entry of its own. If it is
 * exported to more namespaces than an earlier one, it is merged, and lost for the namespaces that it adds.
 * @see istio 1.31 pilot/pkg/model/destination_rule.go (mergeDestinationRule)
 */
function add(
  table: Map<string, NewEntry[]>,
  host: string,
  destinationRule: DestinationRule,
  exportTo: ReadonlySet<string>
): void {
  const { trafficPolicy, subsets, workloadSelector } = destinationRule.spec
  const entries = getOrAdd(table, host, (): NewEntry[] => [])
  let separately = true
  for (const entry of entries) {
    const equal = entry.exportTo.isSubsetOf(exportTo) && exportTo.isSubsetOf(entry.exportTo)
    separately = !equal
    if (!equal && (entry.exportTo.size === 0 || !entry.exportTo.isSubsetOf(exportTo))) continue
    const [mine, theirs] = [workloadSelector, entry.destinationRule.spec.workloadSelector]
    if (mine !== undefined && theirs !== undefined && !sameLabels(mine.matchLabels, theirs.matchLabels)) {
      separately = true
      continue
    }
    if ((mine === undefined) === (theirs === undefined)) separately = false
    entry.trafficPolicy ??= trafficPolicy
    addSubsets(entry, subsets)
  }
  if (!separately) return
  const entry = { destinationRule, trafficPolicy, subsets: new Map<string, Subset>(), exportTo }
  addSubsets(entry, subsets)
  entries.push(entry)
}

/** Adds the subsets with other names. */
function addSubsets({ subsets }: NewEntry, more: readonly Subset[]): void {
  for (const subset of more) getOrAdd(subsets, subset.name, () => subset)
}

/** True for equal labels. */
export function sameLabels(a: Labels, b: Labels): boolean {
  return hasLabels(a, b) && hasLabels(b, a)
}
