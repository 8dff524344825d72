import { isWildcard, toFullName } from '../text/host.ts'
import { byCreationTime, sortByCreationTime } from './creation-order.ts'
import { getOrAdd } from './map.ts'
import { memoize } from './memoize.ts'
import type { ResourceOf } from './resource.ts'

type VirtualService = ResourceOf<'VirtualService'>
type ByHost = ReadonlyMap<string, readonly VirtualService[]>

/** A change copies one part of this many, because a cluster has some hosts for each model. */
const PARTS = 256

/** Hosts of a VirtualService that it is found by. */
type HostsIn = (virtualService: VirtualService, clusterDomain: string) => readonly string[]

/** VirtualServices of all namespaces, by the hosts that they route and by those that they send requests to. */
export class VirtualServiceIndex {
  readonly #routed: HostIndex
  readonly #targets: HostIndex

  private constructor(routed: HostIndex, targets: HostIndex) {
    this.#routed = routed
    this.#targets = targets
  }

  static of(all: readonly VirtualService[], clusterDomain: string): VirtualServiceIndex {
    return new VirtualServiceIndex(
      HostIndex.of(all, clusterDomain, hostsOf),
      HostIndex.of(all, clusterDomain, targetsOf)
    )
  }

  /** VirtualServices with a host that covers this one, the oldest first. */
  covering(host: string): readonly VirtualService[] {
    return this.#routed.covering(host)
  }

  /** VirtualServices of which `targetsOf` has this host, the oldest first. */
  sendingTo(host: string): readonly VirtualService[] {
    return this.#targets.covering(host)
  }

  with(before: VirtualService | undefined, after: VirtualService | undefined): VirtualServiceIndex {
    return new VirtualServiceIndex(this.#routed.with(before, after), this.#targets.with(before, after))
  }
}

/** VirtualServices by host, fully qualified and in lower case. A change shares what it does not touch. */
class HostIndex {
  readonly #exact: readonly ByHost[]
  readonly #wildcards: ByHost
  readonly #hostsIn: (one: VirtualService) => readonly string[]

  private constructor(
    exact: readonly ByHost[],
    wildcards: ByHost,
    hostsIn: (one: VirtualService) => readonly string[]
  ) {
    this.#exact = exact
    this.#wildcards = wildcards
    this.#hostsIn = hostsIn
  }

  static of(all: readonly VirtualService[], clusterDomain: string, hostsIn: HostsIn): HostIndex {
    const exact = Array.from({ length: PARTS }, () => new Map<string, VirtualService[]>())
    const wildcards = new Map<string, VirtualService[]>()
    for (const one of all) {
      for (const host of hostsIn(one, clusterDomain)) {
        const part = isWildcard(host) ? wildcards : (exact[partOf(host)] as Map<string, VirtualService[]>)
        getOrAdd(part, host, (): VirtualService[] => []).push(one)
      }
    }
    return new HostIndex(exact, wildcards, one => hostsIn(one, clusterDomain))
  }

  /** The oldest first. */
  covering(host: string): readonly VirtualService[] {
    const exact = this.#exact[partOf(host)]?.get(host) ?? NONE
    if (this.#wildcards.size === 0) return sortByCreationTime(exact)
    const patterns = Array.from(host, (_, at) => `*${host.slice(at)}`)
    const wild = [...patterns, '*'].flatMap(pattern => this.#wildcards.get(pattern) ?? NONE)
    return wild.length === 0 ? sortByCreationTime(exact) : [...new Set([...exact, ...wild])].sort(byCreationTime)
  }

  with(before: VirtualService | undefined, after: VirtualService | undefined): HostIndex {
    const hostsIn = (one: VirtualService | undefined) => new Set(one === undefined ? [] : this.#hostsIn(one))
    const next = hostsIn(after)
    const replace = (part: ByHost, hosts: readonly string[]): ByHost => {
      if (hosts.length === 0) return part
      const copy = new Map(part)
      for (const host of hosts) {
        const others = (part.get(host) ?? NONE).filter(one => !isSame(one, before ?? after))
        copy.set(host, after !== undefined && next.has(host) ? [...others, after] : others)
      }
      return copy
    }
    const hosts = [...new Set([...hostsIn(before), ...next])]
    const byPart = Map.groupBy(hosts, host => (isWildcard(host) ? WILDCARDS : partOf(host)))
    const exact = this.#exact.map((part, at) => replace(part, byPart.get(at) ?? []))
    return new HostIndex(exact, replace(this.#wildcards, byPart.get(WILDCARDS) ?? []), this.#hostsIn)
  }
}

/** Number of no part, for hosts that are patterns. */
const WILDCARDS = -1

const NONE: readonly VirtualService[] = []

/** Distinct hosts of a VirtualService, fully qualified and in lower case. */
export function hostsOf(virtualService: VirtualService, clusterDomain: string): readonly string[] {
  return getOrAdd(hostsByDomain(virtualService), clusterDomain, () => {
    const { namespace, spec } = virtualService
    return [...new Set(spec.hosts.map(host => toFullName(host, namespace, clusterDomain).toLowerCase()))]
  })
}

const hostsByDomain = memoize((_virtualService: VirtualService) => new Map<string, readonly string[]>())

/**
 * Distinct hosts to which a VirtualService of gateways sends requests: of its destinations, and those that it writes into
 * requests. Those of its delegates are not among them.
 */
export function targetsOf({ namespace, spec }: VirtualService, clusterDomain: string): readonly string[] {
  if (spec.gateways.every(name => name === 'mesh')) return []
  const targets = (spec.http ?? []).flatMap(({ rewrite, route = [] }) => [
    ...(rewrite?.authority ? [rewrite.authority.toLowerCase()] : []),
    ...route.map(({ destination }) => toFullName(destination.host, namespace, clusterDomain).toLowerCase())
  ])
  return [...new Set(targets)]
}

const isSame = (one: VirtualService, other: VirtualService | undefined) =>
  one.namespace === other?.namespace && one.name === other.name

function partOf(host: string): number {
  let hash = 0
  for (let at = 0; at < host.length; at += 1) hash = (hash * 31 + host.charCodeAt(at)) | 0
  return Math.abs(hash % PARTS)
}
