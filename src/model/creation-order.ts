import { remember } from './memoize.ts'
import type { Meta } from './resource.ts'

/** An object without a creation time is being created: it is younger than all. */
const YOUNGEST = '~'

/**
 * Oldest first; where seconds are equal, by name and namespace. Where two objects claim the same thing, Istio mostly
 * lets the older win.
 * @see istio pilot/pkg/model/config.go (sortConfigByCreationTime)
 */
export function byAge(a: Meta, b: Meta): number {
  return (
    compare(a.created ?? YOUNGEST, b.created ?? YOUNGEST) ||
    compare(a.name, b.name) ||
    compare(a.namespace, b.namespace)
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** A list in order of age. Made once for each list. */
export const oldestFirst: <T extends Meta>(list: readonly T[]) => readonly T[] = remember(
  <T extends Meta>(list: readonly T[]) => [...list].sort(byAge)
) as <T extends Meta>(list: readonly T[]) => readonly T[]
