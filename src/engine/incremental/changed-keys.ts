import { namespaceOfHost } from '../../state/destination-rule-index.ts'
import type { ClusterSettings } from '../../state/discovery.ts'
import { getOrAdd } from '../../state/map.ts'
import type { Resource } from '../../state/resource.ts'
import type { Changed } from '../../state/resource-store.ts'
import { hostsOf, targetsOf } from '../../state/virtual-service-index.ts'
import { toWorkload } from '../../state/workload.ts'
import { isWildcard, toFullName } from '../../text/host.ts'
import {
  ANY_HOST,
  ANY_HOSTS,
  type DependencyKey,
  GATEWAYS,
  OWN_NAMESPACE,
  ofHosts,
  ofKind,
  ofNamespace,
  ofObject,
  ofRoutes,
  ofTargets
} from './dependency-key.ts'

/** Keys of several sets: many namespaces share most of the changed keys. */
export type KeySets = readonly ReadonlySet<DependencyKey>[]

/** Dependency keys of all objects that differ between two states. */
export interface ChangedKeys {
  readonly keys: KeySets
  /** The same keys, and those relative to each namespace that has changed objects. */
  readonly byNamespace: ReadonlyMap<string, KeySets>
}

export function keysOf(changes: Iterable<Changed>, { clusterDomain }: ClusterSettings): ChangedKeys {
  const keys = new Set<DependencyKey>()
  const relative = new Map<string, Set<DependencyKey>>()
  const touch = (namespace: string, toKey: (namespace: string) => DependencyKey) => {
    keys.add(toKey(namespace))
    getOrAdd(relative, namespace, () => new Set<DependencyKey>()).add(toKey(OWN_NAMESPACE))
  }
  for (const object of [...changes].flatMap(({ before, after }) => [before ?? [], after ?? []].flat())) {
    const { kind, namespace, name } = object
    keys.add(ofKind(kind))
    touch(namespace, one => ofNamespace(kind, one))
    touch(namespace, one => ofObject(kind, one, name))
    if (kind === 'Namespace') touch(name, one => ofObject(kind, '', one))
    if (object.kind === 'Pod' && toWorkload(object).proxy === 'gateway') keys.add(GATEWAYS)
    for (const { namespace: pinned, key } of keysOfHosts(object, clusterDomain)) {
      if (pinned === undefined) keys.add(key(''))
      else touch(pinned, key)
    }
  }
  return {
    keys: [keys],
    byNamespace: new Map([...relative].map(([namespace, own]) => [namespace, [keys, own]] as const))
  }
}

/** Keys of the hosts that an object configures, with the namespace of the host if it is one of a single namespace. */
function keysOfHosts(object: Resource, clusterDomain: string) {
  const pinnedTo = (host: string) => namespaceOfHost(host, clusterDomain)
  if (object.kind === 'DestinationRule') {
    const namespace = pinnedTo(toFullName(object.spec.host, object.namespace, clusterDomain))
    return [{ namespace, key: namespace === undefined ? () => ANY_HOSTS : ofHosts }]
  }
  if (object.kind !== 'VirtualService') return []
  const routed = hostsOf(object, clusterDomain).map(host => {
    const namespace = isWildcard(host) ? undefined : pinnedTo(host)
    if (namespace !== undefined) return { namespace, key: ofRoutes }
    return { namespace, key: () => (isWildcard(host) ? ANY_HOST : ofRoutes(host)) }
  })
  const targets = targetsOf(object, clusterDomain).map(host => {
    const namespace = pinnedTo(host)
    return { namespace, key: namespace === undefined ? () => ofTargets(host) : ofTargets }
  })
  return [...routed, ...targets]
}

/** The changed keys as evaluations of a namespace record them. */
export function relativeTo(ownNamespace: string, { keys, byNamespace }: ChangedKeys): KeySets {
  return byNamespace.get(ownNamespace) ?? keys
}

/** True if a changed key is among the dependencies. */
export function isAffected(dependencies: ReadonlySet<DependencyKey>, changedKeys: KeySets): boolean {
  return changedKeys.some(keys => !keys.isDisjointFrom(dependencies))
}
