import { toFullName } from '../text/host.ts'
import { getOrAdd } from './map.ts'
import { memoize } from './memoize.ts'
import type { ResourceOf } from './resource.ts'

/** DestinationRule with its fully qualified host, and the namespace of the host if it is one of a single namespace. */
export interface NamedDestinationRule {
  readonly destinationRule: ResourceOf<'DestinationRule'>
  readonly host: string
  readonly namespace: string | undefined
}

/** DestinationRules for hosts of a namespace, those for hosts of several namespaces included; always the same list. */
type DestinationRulesIn = (namespace: string) => readonly NamedDestinationRule[]

/** Namespace of a Service host, or of a wildcard for Services of one namespace. */
export function namespaceOfHost(host: string, clusterDomain: string): string | undefined {
  if (!host.endsWith(`.svc.${clusterDomain}`)) return undefined
  const [, namespace] = host.split('.', 2)
  return host.endsWith(`.${namespace}.svc.${clusterDomain}`) ? namespace : undefined
}

/** Built once for each list of DestinationRules and each domain. */
export const destinationRulesByNamespace: (
  destinationRules: readonly ResourceOf<'DestinationRule'>[]
) => (clusterDomain: string) => DestinationRulesIn = memoize(destinationRules => {
  const byDomain = new Map<string, DestinationRulesIn>()
  return clusterDomain => getOrAdd(byDomain, clusterDomain, () => makeIndex(destinationRules, clusterDomain))
})

function makeIndex(
  destinationRules: readonly ResourceOf<'DestinationRule'>[],
  clusterDomain: string
): DestinationRulesIn {
  const anyNamespace: NamedDestinationRule[] = []
  const byNamespace = new Map<string, NamedDestinationRule[]>()
  for (const destinationRule of destinationRules) {
    const host = toFullName(destinationRule.spec.host, destinationRule.namespace, clusterDomain)
    const namespace = namespaceOfHost(host, clusterDomain)
    const list =
      namespace === undefined ? anyNamespace : getOrAdd(byNamespace, namespace, (): NamedDestinationRule[] => [])
    list.push({ destinationRule, host, namespace })
  }
  const lists = new Map<string, readonly NamedDestinationRule[]>()
  return namespace => {
    const own = byNamespace.get(namespace)
    return own === undefined ? anyNamespace : getOrAdd(lists, namespace, () => [...anyNamespace, ...own])
  }
}
