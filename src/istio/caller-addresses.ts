import ipaddr from 'ipaddr.js'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning, toWorkload, type Workload } from '../state/workload.ts'
import { extentOf, type Prefix, parseAddress, parseBlock } from '../text/cidr.ts'
import { type AuthorizationKinds, policiesFor } from './authorization.ts'
import type { AuthorizationPolicy } from './authorization-policy.ts'
import { meshOf } from './mesh.ts'

type Addresses = readonly [string | undefined, ...(string | undefined)[]]

/**
 * Addresses of callers of a server that can have any: one inside and one outside of each list of blocks that its policies
 * match on, for each combination. `undefined`: the policies match on no address.
 */
export const callerAddresses: (view: View<AuthorizationKinds | 'Pod'>, server: Workload) => Addresses = memoizeInView(
  (view, server) => {
    const lists = new Map(
      policiesFor(view, server)
        .flatMap(listsOf)
        .map(list => [list.join(), list] as const)
    )
    if (lists.size === 0 || lists.size > MAX_LISTS) return [undefined]
    const known = ownAddresses(view)
    const [first, ...others] = FAMILIES.filter(({ version }) =>
      known.length === 0 ? version === '4' : known.some(one => one.startsWith(version))
    ).flatMap(family => representatives(family, [...lists.values()], known))
    return [first, ...others]
  }
)

/** Bounds the work for a policy that is made to be slow. With more lists an address is unknown, in favor of the request. */
const MAX_LISTS = 256

/** Lists of blocks that a policy matches the caller's address with. */
function listsOf({ spec }: AuthorizationPolicy): readonly (readonly string[])[] {
  return spec.rules
    .flatMap(rule => rule ?? [])
    .flatMap(({ from, when }) => [
      ...from.flatMap(({ source }) => (source === undefined ? [] : [source.ipBlocks, source.notIpBlocks])),
      ...when.flatMap(({ key, values, notValues }) => (key === 'source.ip' ? [values, notValues] : []))
    ])
    .filter(list => list.length > 0)
}

/** Addresses of the pods of Istio and Knative, and of gateways: they are hops, not callers. */
const ownAddresses = memoize((view: View<'Pod' | 'ConfigMap'>): readonly Prefix[] => {
  const { istioNamespace, knativeNamespace } = view.settings
  const namespaces = [...new Set([meshOf(view).rootNamespace, istioNamespace, knativeNamespace])]
  return [
    ...namespaces.flatMap(namespace => view.list('Pod', namespace).filter(isRunning).map(toWorkload)),
    ...view.gateways()
  ].flatMap(({ address = '' }) => parseAddress(address) ?? [])
})

const FAMILIES = [
  { version: '4', bytes: 4 },
  { version: '6', bytes: 16 }
] as const

/** First address of each combination of lists, without the excluded addresses. */
function representatives(
  { version, bytes }: (typeof FAMILIES)[number],
  lists: readonly (readonly string[])[],
  excluded: readonly Prefix[]
): readonly string[] {
  const taken = new Set(excluded.filter(one => one.startsWith(version)).map(one => extentOf(one)[0]))
  const others = [0n, ...[...taken].map(address => address + 1n)].map((at): Boundary => ({ version, at }))
  const boundaries = [...others, ...lists.flatMap(boundariesOf)].filter(one => one.version === version).sort(byAddress)
  const inside = new Set<readonly string[]>()
  const found = new Map<string, bigint>()
  for (const [i, { at, enters, leaves }] of boundaries.entries()) {
    if (enters !== undefined) inside.add(enters)
    if (leaves !== undefined) inside.delete(leaves)
    if (at === boundaries[i + 1]?.at) continue
    const combination = lists.flatMap((list, i) => (inside.has(list) ? i : [])).join()
    if (!found.has(combination) && !taken.has(at) && at < 1n << BigInt(8 * bytes)) found.set(combination, at)
    if (found.size === 2 ** lists.length) break
  }
  return [...found.values()].map(address => toText(address, bytes))
}

/** Address from which on addresses are in a list of blocks, or no longer. */
interface Boundary {
  readonly version: string | undefined
  readonly at: bigint
  readonly enters?: readonly string[]
  readonly leaves?: readonly string[]
}

const byAddress = (a: Boundary, b: Boundary) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)

/** Boundaries of the addresses of a list, sorted, without those inside of other blocks. */
const boundariesOf = memoize((list: readonly string[]): readonly Boundary[] => {
  const extents = list.flatMap(text => {
    const prefix = parseBlock(text)
    if (prefix === undefined) return []
    const [at, size] = extentOf(prefix)
    return [{ version: prefix[0], at, end: at + size }]
  })
  const boundaries: Boundary[] = []
  for (const { version } of FAMILIES) {
    let last: bigint | undefined
    for (const { at, end } of extents.filter(one => one.version === version).sort(byAddress)) {
      if (last === undefined || at > last) {
        if (last !== undefined) boundaries.push({ version, at: last, leaves: list })
        boundaries.push({ version, at, enters: list })
      }
      if (last === undefined || end > last) last = end
    }
    if (last !== undefined) boundaries.push({ version, at: last, leaves: list })
  }
  return boundaries
})

function toText(address: bigint, bytes: number): string {
  const hex = address.toString(16).padStart(2 * bytes, '0')
  return ipaddr.fromByteArray([...Buffer.from(hex, 'hex')]).toString()
}
