import { isDeepStrictEqual } from 'node:util'

type Path = readonly (string | number)[]

/**
 * Removes from an object what does not change how it reads. Nothing declares what is read: a field stays if the object without it
 * reads differently, or cannot be read.
 *
 * @param read result that must stay equal
 * @param guide object of the same form with fields that are known to be read: they are kept without a trial
 */
export function shrink(object: unknown, read: (object: unknown) => unknown, guide: unknown): unknown {
  const wanted = read(object)
  const removed = new Set<string>()
  const isUnread = (paths: readonly Path[]) => {
    for (const path of paths) removed.add(keyOf(path))
    try {
      if (isDeepStrictEqual(read(without(object, removed)), wanted)) return true
    } catch {
      // A required field is missing.
    }
    for (const path of paths) removed.delete(keyOf(path))
    return false
  }
  const prune = (paths: readonly Path[]): void => {
    if (paths.length === 0 || isUnread(paths)) return
    const [only = [], ...more] = paths
    if (more.length === 0) prune(childrenOf(at(object, only)).map(key => [...only, key]))
    else {
      prune(paths.slice(0, paths.length / 2))
      prune(paths.slice(paths.length / 2))
    }
  }
  prune([...unknownPaths(object, guide, [])])
  return without(object, removed)
}

const keyOf = (path: Path) => JSON.stringify(path)

/** Paths of the largest parts that the guide does not have. */
function* unknownPaths(object: unknown, guide: unknown, path: Path): Iterable<Path> {
  const children = childrenOf(object)
  if (isDeepStrictEqual(object, guide)) return
  if (children.length === 0 || childrenOf(guide).length === 0) yield path
  else for (const key of children) yield* unknownPaths(at(object, [key]), at(guide, [key]), [...path, key])
}

function childrenOf(value: unknown): readonly (string | number)[] {
  if (Array.isArray(value)) return value.map((_, i) => i)
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((one, key) => Reflect.get(Object(one), key), value)

function without(value: unknown, removed: ReadonlySet<string>, path: Path = []): unknown {
  const isKept = (key: string | number) => !removed.has(keyOf([...path, key]))
  if (Array.isArray(value)) return value.flatMap((one, i) => (isKept(i) ? [without(one, removed, [...path, i])] : []))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isKept(key))
      .map(([key, one]) => [key, without(one, removed, [...path, key])])
  )
}
