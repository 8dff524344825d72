import { isWildcard, toFullName } from '../text/host.ts'
import { byCreationTime, sortByCreationTime } from './creation-order.ts'
import { getOrAdd } from './map.ts'
import type { ResourceOf } from './resource.ts'

type VirtualService = ResourceOf<'VirtualService'>
type ByHost = ReadonlyMap<string, readonly VirtualService[]>

/** A change copies one part of this many, because a cluster has some hosts for each model. */
const PARTS = 256

/** VirtualServices by host, fully qualified and in lower case. A change shares what it does not touch. */
export class VirtualServiceIndex {
  readonly #exact: readonly ByHost[]
  readonly #wildcards: ByHost
  readonly #clusterDomain: string

  private constructor(exact: readonly ByHost[], wildcards: ByHost, clusterDomain: string) {
    this.#exact = exact
    this.#wildcards = wildcards
    this.#clusterDomain = clusterDomain
  }

  static of(all: readonly VirtualService[], clusterDomain: string): VirtualServiceIndex {
    const exact = Array.from({ length: PARTS }, () => new Map<string, VirtualService[]>())
    const wildcards = new Map<string, VirtualService[]>()
    for (const one of all) {
      for (const host of hostsOf(one, clusterDomain)) {
        const part = isWildcard(host) ? wildcards : (exact[partOf(host)] as Map<string, VirtualService[]>)
        getOrAdd(part, host, (): VirtualService[] => []).push(one)
      }
    }
    return new VirtualServiceIndex(exact, wildcards, clusterDomain)
  }

  /** VirtualServices with a host that covers this one, the oldest first. */
  covering(host: string): readonly VirtualService[] {
    const exact = this.#exact[partOf(host)]?.get(host) ?? NONE
    if (this.#wildcards.size === 0) return sortByCreationTime(exact)
    const patterns = Array.from(host, (_, at) => `*${host.slice(at)}`)
    const wild = [...patterns, '*'].flatMap(pattern => this.#wildcards.get(pattern) ?? NONE)
    return wild.length === 0 ? sortByCreationTime(exact) : [...new Set([...exact, ...wild])].sort(byCreationTime)
  }

  with(before: VirtualService | undefined, after: VirtualService | undefined): VirtualServiceIndex {
    const hostsIn = (one: VirtualService | undefined) =>
      new Set(one === undefined ? [] : hostsOf(one, this.#clusterDomain))
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
    return new VirtualServiceIndex(exact, replace(this.#wildcards, byPart.get(WILDCARDS) ?? []), this.#clusterDomain)
  }
}

/** Number of no part, for hosts that are patterns. */
const WILDCARDS = -1

const NONE: readonly VirtualService[] = []

/** Distinct hosts of a VirtualService, fully qualified and in lower case. */
export function hostsOf({ namespace, spec }: VirtualService, clusterDomain: string): readonly string[] {
  return [...new Set(spec.hosts.map(host => toFullName(host, namespace, clusterDomain).toLowerCase()))]
}

const isSame = (one: VirtualService, other: VirtualService | undefined) =>
  one.namespace === other?.namespace && one.name === other.name

function partOf(host: string): number {
  let hash = 0
  for (let at = 0; at < host.length; at += 1) hash = (hash * 31 + host.charCodeAt(at)) | 0
  return Math.abs(hash % PARTS)
}
