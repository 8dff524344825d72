import { byCreationTime } from '../state/creation-order.ts'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { mostSpecific, toFullName } from '../text/host.ts'
import { hasLabels, type Labels } from '../text/selector.ts'
import { meshOf } from './mesh.ts'

export type DestinationRule = ResourceOf<'DestinationRule'>
export type TrafficPolicy = DestinationRule['spec']['trafficPolicy']
export type ClientTls = NonNullable<NonNullable<TrafficPolicy>['tls']>

/** Rules of one host and namespace, merged: the first gives policy and name, the others subsets alone. */
export interface MergedRule {
  readonly rule: DestinationRule
  readonly trafficPolicy: TrafficPolicy
  readonly subsets: DestinationRule['spec']['subsets']
}

interface Entry extends MergedRule {
  readonly exportTo: ReadonlySet<string>
}

type Table = ReadonlyMap<string, readonly Entry[]>

/** The rules of one namespace, by host: those its own clients see, and those that others may see. */
interface Index {
  readonly local: Table
  readonly exported: Table
  /** For clients in the root namespace: the rules there that nobody else sees. */
  readonly privateOnly: Table
}

/** The namespace itself, in `exportTo`. */
const PRIVATE = '.'
const PUBLIC = '*'

export interface RuleClient {
  readonly namespace: string
  readonly labels: Labels
}

/**
 * The rule that shapes what a proxy sends to a Service: the client's namespace first, then the Service's, then the
 * root namespace; in each the most specific host. Rules of different namespaces are never merged.
 * @see istio pilot/pkg/model/push_context.go (destinationRule), pilot/pkg/model/sidecar.go (DestinationRule)
 */
export function findDestinationRule(
  view: View<'DestinationRule' | 'ConfigMap'>,
  client: RuleClient,
  service: { readonly host: string; readonly namespace: string }
): MergedRule | undefined {
  const { rootNamespace, destinationRuleExportTo } = meshOf(view)
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
  const near = exported(service.namespace)
  return choose(near.length > 0 ? near : exported(rootNamespace), client)
}

/** Of several entries for one host: the one whose selector picks the client, else the youngest without a selector. */
function choose(entries: readonly Entry[], { namespace, labels }: RuleClient): Entry | undefined {
  const selected = entries.find(
    ({ rule }) =>
      rule.namespace === namespace &&
      rule.spec.workloadSelector !== undefined &&
      hasLabels(labels, rule.spec.workloadSelector.matchLabels)
  )
  return selected ?? entries.findLast(({ rule }) => rule.spec.workloadSelector === undefined)
}

function isVisible(exportTo: ReadonlySet<string>, clientNamespace: string): boolean {
  return exportTo.size === 0 || exportTo.has(PUBLIC) || exportTo.has(clientNamespace)
}

const publicIndex = memoize((rules: readonly DestinationRule[]) => oncePerDomain(rules, false))
const privateIndex = memoize((rules: readonly DestinationRule[]) => oncePerDomain(rules, true))

/** One cluster has one domain, so the index is made once. */
function oncePerDomain(rules: readonly DestinationRule[], privateByDefault: boolean): (clusterDomain: string) => Index {
  let index: Index | undefined
  return clusterDomain => {
    index ??= makeIndex(rules, clusterDomain, privateByDefault)
    return index
  }
}

/** @see istio pilot/pkg/model/push_context.go (setDestinationRules) */
function makeIndex(rules: readonly DestinationRule[], clusterDomain: string, privateByDefault: boolean): Index {
  const local = new Map<string, Entry[]>()
  const exported = new Map<string, Entry[]>()
  const privateOnly = new Map<string, Entry[]>()
  for (const rule of [...rules].sort(bySelectorAndAge)) {
    const { namespace, spec } = rule
    const host = toFullName(spec.host, namespace, clusterDomain)
    const exportTo = new Set(spec.workloadSelector === undefined ? spec.exportTo : [PRIVATE])
    if (isVisible(exportTo, namespace) || exportTo.has(PRIVATE)) add(local, host, rule, exportTo)
    const isPrivate =
      (exportTo.size === 0 && privateByDefault) ||
      (exportTo.size === 1 && (exportTo.has(PRIVATE) || exportTo.has(namespace)))
    add(isPrivate ? privateOnly : exported, host, rule, exportTo)
  }
  return { local, exported, privateOnly }
}

function bySelectorAndAge(a: DestinationRule, b: DestinationRule): number {
  const selectors = Number(b.spec.workloadSelector !== undefined) - Number(a.spec.workloadSelector !== undefined)
  return selectors || byCreationTime(a, b)
}

/**
 * Adds a rule to those of its host: merged into an earlier one, beside them, or (where it is exported more widely
 * than an earlier one) merged into that and lost for the namespaces it adds.
 * @see istio pilot/pkg/model/destination_rule.go (mergeDestinationRule)
 */
function add(table: Map<string, Entry[]>, host: string, rule: DestinationRule, exportTo: ReadonlySet<string>): void {
  const entries = table.get(host) ?? []
  let separately = true
  const merged = entries.map(entry => {
    const equal = isSuperset(exportTo, entry.exportTo) && isSuperset(entry.exportTo, exportTo)
    if (equal) separately = false
    else {
      separately = true
      if (entry.exportTo.size === 0 || !isSuperset(exportTo, entry.exportTo)) return entry
    }
    const [mine, theirs] = [rule.spec.workloadSelector, entry.rule.spec.workloadSelector]
    if (mine !== undefined && theirs !== undefined && !sameLabels(mine.matchLabels, theirs.matchLabels)) {
      separately = true
      return entry
    }
    if ((mine === undefined) === (theirs === undefined)) separately = false
    const names = new Set(entry.subsets.map(({ name }) => name))
    return {
      ...entry,
      trafficPolicy: entry.trafficPolicy ?? rule.spec.trafficPolicy,
      subsets: [...entry.subsets, ...rule.spec.subsets.filter(({ name }) => !names.has(name))]
    }
  })
  if (separately) {
    merged.push({ rule, trafficPolicy: rule.spec.trafficPolicy, subsets: rule.spec.subsets, exportTo })
  }
  table.set(host, merged)
}

function isSuperset(wide: ReadonlySet<string>, narrow: ReadonlySet<string>): boolean {
  return [...narrow].every(one => wide.has(one))
}

function sameLabels(a: Labels, b: Labels): boolean {
  return hasLabels(a, b) && hasLabels(b, a)
}
