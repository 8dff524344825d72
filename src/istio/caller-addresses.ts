import ipaddr from 'ipaddr.js'
import { getOrAdd } from '../state/map.ts'
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
  const counters = lists.map(list => ({ list, open: 0 }))
  type Changes = { readonly counter: { open: number }; readonly change: number }[]
  const changes = new Map<bigint, Changes>([[0n, []]])
  for (const counter of counters) {
    for (const { family, at, change } of boundariesOf(counter.list)) {
      if (family === version) getOrAdd(changes, at, (): Changes => []).push({ counter, change })
    }
  }
  const taken = new Set(excluded.filter(one => one.startsWith(version)).map(one => extentOf(one)[0]))
  for (const address of taken) getOrAdd(changes, address + 1n, () => [])
  const found = new Map<string, bigint>()
  for (const [start, changed] of [...changes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const { counter, change } of changed) counter.open += change
    const inside = counters.flatMap(({ open }, i) => (open > 0 ? i : [])).join()
    if (!found.has(inside) && !taken.has(start) && start < 1n << BigInt(8 * bytes)) found.set(inside, start)
  }
  return [...found.values()].map(address => toText(address, bytes))
}

/** Addresses at which blocks start (+1), and after which they end (-1), with the IP version. */
const boundariesOf = memoize((list: readonly string[]) =>
  list.flatMap(text => {
    const prefix = parseBlock(text)
    if (prefix === undefined) return []
    const [first, size] = extentOf(prefix)
    const [family] = prefix
    return [
      { family, at: first, change: 1 },
      { family, at: first + size, change: -1 }
    ]
  })
)

function toText(address: bigint, bytes: number): string {
  const hex = address.toString(16).padStart(2 * bytes, '0')
  return ipaddr.fromByteArray([...Buffer.from(hex, 'hex')]).toString()
}
