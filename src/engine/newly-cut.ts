import type { CallerNamespaces } from '../model/caller-classes.ts'
import { remember } from '../model/remember.ts'
import { cutHopOf, isOpen, type Path } from '../model/way.ts'

/**
 * Of the paths to one InferenceService, those that are cut and were not. None for a new one that is out of reach of
 * callers alone of whom nobody has said that they should be within it. Where requests are cut, probes are not told of.
 */
export function newlyCut(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  if (before === after || !after.some(isCut)) return []
  const cut = withVanishedCallers(after, before)
    .filter(isCut)
    .flatMap(path => compared(before, path))
    .flatMap(({ path, wasOpen }) => (wasOpen ? path : []))
  if (before.length === 0 && !cut.some(({ needed }) => needed)) return []
  const requests = cut.filter(({ caller }) => caller !== 'probe')
  return requests.length > 0 ? requests : cut
}

export const isCut = (path: Path) => cutHopOf(path) !== undefined

/** A path, of some of its callers, and whether they could take it, or the one it replaces, before. */
export interface Compared {
  readonly path: Path
  readonly wasOpen: boolean
}

/**
 * Compares a path with those before. Callers that are alike now may not have been so: one result for those that were.
 * A path that did not exist counts as open: what is born cut is cut by its birth.
 */
export function compared(before: readonly Path[], path: Path): readonly Compared[] {
  const alike = before.filter(({ caller, entry }) => caller === path.caller && entry === path.entry)
  // A namespace that had no configuration of its own was one of any.
  const ofAny = alike.filter(({ from }) => from === undefined)
  const { from: callers } = path
  if (callers === undefined) return [{ path, wasOpen: wasReachable(ofAny, path) }]
  const classes = [...new Set(alike.flatMap(({ from }) => (from === undefined ? [] : [from])))]
  const groups = new Map<CallerNamespaces | undefined, [string, ...string[]]>()
  for (const namespace of callers) {
    const from = classes.find(one => namespaceSet(one).has(namespace))
    const group = groups.get(from)
    if (group === undefined) groups.set(from, [namespace])
    else group.push(namespace)
  }
  return [...groups].map(([from, namespaces]) => ({
    path: namespaces.length === callers.length ? path : { ...path, from: namespaces },
    wasOpen: wasReachable(from === undefined ? ofAny : alike.filter(one => one.from === from), path)
  }))
}

const namespaceSet = remember((namespaces: CallerNamespaces) => new Set<string>(namespaces))

function wasReachable(candidates: readonly Path[], path: Path): boolean {
  const same = candidates.filter(({ leg }) => leg === path.leg)
  const compared = same.length > 0 ? same : candidates
  return compared.length === 0 || compared.some(isOpen)
}

/** Callers that had rules of their own before, and have none now, fare as any caller does. */
function withVanishedCallers(after: readonly Path[], before: readonly Path[]): readonly Path[] {
  const namespaces = (paths: readonly Path[]) =>
    new Set(paths.flatMap(({ caller, from = [] }) => (caller === 'in-mesh' ? from : [])))
  const present = namespaces(after)
  const [first, ...others] = [...namespaces(before)].filter(namespace => !present.has(namespace))
  if (first === undefined) return after
  const anyone = after.filter(({ caller, from }) => caller === 'in-mesh' && from === undefined)
  return [...after, ...anyone.map(path => ({ ...path, from: [first, ...others] as const }))]
}
