import { cutHopOf, isOpen, type Path } from '../model/way.ts'

/**
 * Of the paths to one InferenceService, those that are cut and were not. None for a new one that is out of reach of
 * callers alone of whom nobody has said that they should be within it. Where requests are cut, probes are not told of.
 */
export function newlyCut(before: readonly Path[], after: readonly Path[]): readonly Path[] {
  if (before === after || !after.some(isCut)) return []
  const cut = withVanishedCallers(after, before).filter(path => isCut(path) && wasOpen(before, path))
  if (before.length === 0 && !cut.some(({ needed }) => needed)) return []
  const requests = cut.filter(({ caller }) => caller !== 'probe')
  return requests.length > 0 ? requests : cut
}

export const isCut = (path: Path) => cutHopOf(path) !== undefined

/**
 * Could requests take this path, or the one it stands for, before? A path that did not exist counts as open: what is
 * born cut is cut by its birth.
 */
export function wasOpen(before: readonly Path[], path: Path): boolean {
  const alike = before.filter(({ caller, entry }) => caller === path.caller && entry === path.entry)
  const own = alike.filter(({ from }) => from === path.from)
  // A namespace that had no rules of its own was one of any.
  const candidates = own.length > 0 ? own : alike.filter(({ from }) => from === undefined)
  const same = candidates.filter(({ leg }) => leg === path.leg)
  const compared = same.length > 0 ? same : candidates
  return compared.length === 0 || compared.some(isOpen)
}

/** Callers that had rules of their own before, and have none now, fare as any caller does. */
function withVanishedCallers(after: readonly Path[], before: readonly Path[]): readonly Path[] {
  const namespaces = (paths: readonly Path[]) =>
    new Set(paths.flatMap(({ caller, from }) => (from === undefined || caller !== 'in-mesh' ? [] : [from])))
  const present = namespaces(after)
  const vanished = [...namespaces(before)].filter(namespace => !present.has(namespace))
  const anyone = after.filter(({ caller, from }) => caller === 'in-mesh' && from === undefined)
  return [...after, ...vanished.flatMap(from => anyone.map(path => ({ ...path, from })))]
}
