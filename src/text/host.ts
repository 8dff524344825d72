/** Hosts in Istio are DNS names or wildcards: `*`, or `*` and a suffix such as `*.local`. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*')
}

/**
 * True if `pattern` covers the DNS name. A wildcard is a suffix match: `*.local` covers any number of labels, `*` all
 * names.
 * @see istio 1.31 pkg/config/host/name.go (SubsetOf)
 */
export function coversHost(pattern: string, name: string): boolean {
  return isWildcard(pattern) ? name.endsWith(pattern.slice(1)) && name.length >= pattern.length - 1 : pattern === name
}

/** Hosts and wildcards, indexed: which of them cover a name is found without a comparison with each. */
export class HostPatterns {
  readonly #all: ReadonlySet<string>
  /** What wildcards have behind the asterisk, by its length. */
  readonly #suffixes: ReadonlyMap<number, ReadonlySet<string>>

  constructor(patterns: Iterable<string>) {
    this.#all = new Set(patterns)
    const suffixes = [...this.#all].filter(isWildcard).map(pattern => pattern.slice(1))
    this.#suffixes = new Map(
      [...Map.groupBy(suffixes, ({ length }) => length)].map(([at, some]) => [at, new Set(some)])
    )
  }

  /** True if one of them covers the name. */
  covers(name: string): boolean {
    if (this.#all.has(name)) return true
    for (const [length, suffixes] of this.#suffixes)
      if (length <= name.length && suffixes.has(name.slice(name.length - length))) return true
    return false
  }

  /** True if one of them covers the other pattern, or is covered by it. */
  overlaps(other: string): boolean {
    return this.covers(other) || (isWildcard(other) && [...this.#all].some(pattern => coversHost(other, pattern)))
  }
}

/**
 * Entry for a DNS name: the exact one, else the one with the longest suffix.
 * @see istio 1.31 pilot/pkg/model/push_context.go (MostSpecificHostMatch)
 */
export function mostSpecific<V>(entries: ReadonlyMap<string, V>, name: string): V | undefined {
  const exact = entries.get(name)
  if (exact !== undefined) return exact
  let best: string | undefined
  for (const pattern of entries.keys()) {
    if (isWildcard(pattern) && coversHost(pattern, name) && pattern.length > (best?.length ?? 0)) best = pattern
  }
  return best === undefined ? undefined : entries.get(best)
}

/**
 * Fully qualified host. A host without dots is a Service in the namespace of the object that names it.
 * @see istio 1.31 pilot/pkg/model/push_context.go (ResolveShortnameToFQDN)
 */
export function toFullName(host: string, namespace: string, clusterDomain: string): string {
  return host.includes('.') || isWildcard(host) ? host : `${host}.${namespace}.svc.${clusterDomain}`
}

/** DNS name of a Service. `join` creates one flat string, which needs a third of the memory of a concatenation. */
export function serviceHost(namespace: string, name: string, clusterDomain: string): string {
  return [name, namespace, 'svc', clusterDomain].join('.')
}

const DNS_NAME = /^[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*$/

/** True if a text can be the host of a request: DNS labels in lower case. */
export function isDnsName(host: string): boolean {
  return DNS_NAME.test(host)
}
