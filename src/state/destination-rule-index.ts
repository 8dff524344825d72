import { toFullName } from '../text/host.ts'
import { getOrAdd } from './map.ts'
import { memoize } from './memoize.ts'
import type { ResourceOf } from './resource.ts'

/** DestinationRule with its fully qualified host. */
export interface NamedDestinationRule {
  readonly rule: ResourceOf<'DestinationRule'>
  readonly host: string
}

/** DestinationRules by the namespace of their host; `anywhere` has those for hosts of several namespaces. */
export interface DestinationRuleIndex {
  readonly anywhere: readonly NamedDestinationRule[]
  readonly pinned: ReadonlyMap<string, readonly NamedDestinationRule[]>
}

/** Namespace of a Service host, or of a wildcard for Services of one namespace. */
export function namespaceOfHost(host: string, clusterDomain: string): string | undefined {
  const [, namespace] = host.split('.')
  return namespace !== undefined && host.endsWith(`.${namespace}.svc.${clusterDomain}`) ? namespace : undefined
}

/** Built once for each list of DestinationRules; a cluster has one domain. */
export const destinationRulesByNamespace: (
  rules: readonly ResourceOf<'DestinationRule'>[]
) => (clusterDomain: string) => DestinationRuleIndex = memoize(rules => {
  let index: DestinationRuleIndex | undefined
  return clusterDomain => {
    index ??= makeIndex(rules, clusterDomain)
    return index
  }
})

function makeIndex(rules: readonly ResourceOf<'DestinationRule'>[], clusterDomain: string): DestinationRuleIndex {
  const anywhere: NamedDestinationRule[] = []
  const pinned = new Map<string, NamedDestinationRule[]>()
  for (const rule of rules) {
    const host = toFullName(rule.spec.host, rule.namespace, clusterDomain)
    const namespace = namespaceOfHost(host, clusterDomain)
    const list = namespace === undefined ? anywhere : getOrAdd(pinned, namespace, (): NamedDestinationRule[] => [])
    list.push({ rule, host })
  }
  return { anywhere, pinned }
}
