import { isFurtherAddress, isRouted } from '../kserve/public-address.ts'
import type { CallerNamespaces } from '../request/caller.ts'
import { failedHopOf, isOpen, type Path } from '../request/request-path.ts'
import { memoize } from '../state/memoize.ts'
import { isolatesFromCallers } from './denied-callers.ts'
import { isRequiredFromAll, withoutToken } from './token-required.ts'

/**
 * Paths to one InferenceService that are blocked now and were not before. None for a new InferenceService of which only
 * unexpected callers are blocked. Blocked probes are omitted if requests of callers of any namespace fail at the same server.
 */
export function newlyBlocked(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  if (before === after) return []
  return [...newlyBlockedPaths(before, after), ...newlyRequiringToken(before, after)]
}

/** Paths on which requests without a JWT passed before, and a policy for a whole namespace denies them now. */
function newlyRequiringToken(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  if (before.length === 0 || !after.some(isRequiredFromAll)) return []
  const [then, now] = [withoutToken(before), withoutToken(after)]
  return now
    .filter(isRequiredFromAll)
    .flatMap(path => comparePath(then, path, now))
    .flatMap(({ path, wasReachable }) => (wasReachable ? path : []))
}

function newlyBlockedPaths(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  if (!after.some(isBlocked)) return []
  const blocked = withRemovedCallers(after, before)
    .filter(isBlocked)
    .flatMap(path => comparePath(before, path, after))
    .flatMap(({ path, wasReachable }) => (wasReachable ? path : []))
  if (before.length === 0 && !blocked.some(({ expected }) => expected)) return []
  const requests = blocked.filter(({ caller }) => caller !== 'probe')
  const servers = new Set(requests.filter(path => path.from === undefined && !isIsolated(path)).map(failedServer))
  return [...requests, ...blocked.filter(path => path.caller === 'probe' && !servers.has(failedServer(path)))]
}

/** True if callers are denied on purpose, perhaps: then probes are not. */
function isIsolated(path: Path): boolean {
  const hop = failedHopOf(path)
  return hop !== undefined && isolatesFromCallers(hop)
}

/** Role of the server that fails. */
const failedServer = (path: Path) => failedHopOf(path)?.name.split('->')[1]

export const isBlocked = (path: Path) => failedHopOf(path) !== undefined

/** A path of some of its callers, and whether they could use it, or its predecessor, before. */
export interface PathComparison {
  readonly path: Path
  readonly wasReachable: boolean
}

/**
 * Compares a path with those before. Callers of one class may have been in several classes: one result for each.
 * A path without a predecessor is treated as previously open, so a new model with a blocked path is reported; except a
 * further address of an existing model. If no path
 * of these callers to this address is open any more, one that was open in any activator mode counts.
 *
 * @param after all paths of the state that has `path`
 */
export function comparePath(before: readonly Path[], path: Path, after: readonly Path[]): readonly PathComparison[] {
  const samePath = predecessorsOf(path, before)
  // A namespace without configuration of its own was in the class of any namespace.
  const ofAny = samePath.filter(({ from }) => from === undefined)
  const { from: callers } = path
  const isReachable = sameCalls(path, after).some(one => isOfClass(one, callers) && isOpen(one))
  const wasReachable = (candidates: readonly Path[]) => {
    const sameBranch = candidates.filter(
      ({ activatorMode, revision }) => activatorMode === path.activatorMode && revision === path.revision
    )
    const relevant = isReachable && sameBranch.length > 0 ? sameBranch : candidates
    return relevant.length === 0 ? isOpen(path) || !isNewAddress(path, before) : relevant.some(isOpen)
  }
  if (callers === undefined) return [{ path, wasReachable: wasReachable(ofAny) }]
  const classes = [...new Set(samePath.flatMap(({ from }) => (from === undefined ? [] : [from])))]
  const groups = new Map<CallerNamespaces | undefined, [string, ...string[]]>()
  for (const namespace of callers) {
    const from = classes.find(one => namespaceSet(one).has(namespace))
    const group = groups.get(from)
    if (group === undefined) groups.set(from, [namespace])
    else group.push(namespace)
  }
  return [...groups].map(([from, namespaces]) => ({
    path: namespaces.length === callers.length ? path : { ...path, from: namespaces },
    wasReachable: wasReachable(from === undefined ? ofAny : samePath.filter(one => one.from === from))
  }))
}

/**
 * True for an address that an existing model gets besides its URL, or that another VirtualService has for a new model: no caller
 * used it before.
 */
function isNewAddress({ entry, address }: Path, before: readonly Path[]): boolean {
  return address !== undefined && (isRouted(entry) || (before.length > 0 && isFurtherAddress(entry)))
}

const namespaceSet = memoize((namespaces: CallerNamespaces) => new Set<string>(namespaces))

/** True for a path of the caller class that has these callers, which may be some of the class. */
const isOfClass = ({ from }: Path, callers: CallerNamespaces | undefined) =>
  from === callers || (from !== undefined && callers !== undefined && namespaceSet(from).has(callers[0]))

const entryOf = ({ caller, entry }: Path) => `${caller} ${entry}`
const callOf = (path: Path) => (path.address === undefined ? entryOf(path) : `${path.caller} to ${path.address}`)

const byEntry = memoize((paths: readonly Path[]) => Map.groupBy(paths, entryOf))
const byCall = memoize((paths: readonly Path[]) => Map.groupBy(paths, callOf))

/** External callers are distinguished by the address that they call, whatever configures it. */
function sameCalls(path: Path, paths: readonly Path[]): readonly Path[] {
  const entry = entryOf(path)
  if (path.address === undefined) return byEntry(paths).get(entry) ?? []
  const calls = byCall(paths)
  return [...(calls.get(entry) ?? []), ...(calls.get(callOf(path)) ?? [])]
}

/** Paths of the same call; of an address that was not published, those of the address in its place. */
function predecessorsOf(path: Path, before: readonly Path[]): readonly Path[] {
  const same = sameCalls(path, before)
  return same.length > 0 ? same : (byEntry(before).get(entryOf(path)) ?? [])
}

/** Adds callers whose own configuration was removed; the paths of any caller apply to them now. */
export function withRemovedCallers(after: readonly Path[], before: readonly Path[]): readonly Path[] {
  const namespaces = (paths: readonly Path[]) =>
    new Set(paths.flatMap(({ caller, from = [] }) => (caller === 'in-mesh' ? from : [])))
  const present = namespaces(after)
  const [first, ...others] = [...namespaces(before)].filter(namespace => !present.has(namespace))
  if (first === undefined) return after
  const anyone = after.filter(({ caller, from }) => caller === 'in-mesh' && from === undefined)
  return [...after, ...anyone.map(path => ({ ...path, from: [first, ...others] as const }))]
}

/**
 * True if every earlier path of the same call was blocked further on: fixing that is not enough any more. A path that is
 * blocked further on than before is being repaired.
 */
export function isSecondCause(before: readonly Path[], path: Path): boolean {
  const same = predecessorsOf(path, before)
  return same.length > 0 && same.every(one => progressOf(one) > progressOf(path))
}

/** Number of hops and checks that a blocked path passes: NetworkPolicies before TLS before AuthorizationPolicies. */
function progressOf(path: Path): number {
  const failure = failedHopOf(path)?.failure
  const checks = failure === undefined || failure.cause === 'network-policy-denied' ? 0 : 'verdict' in failure ? 2 : 1
  return 3 * path.hops.length + checks
}
