import { memoize } from './memoize.ts'
import type { Meta } from './resource.ts'

/** An object without a creation time is being created: it is younger than all. */
const NEVER_CREATED = '~'

/**
 * Oldest first; where seconds are equal, by name and namespace. Where two objects claim the same thing, Istio mostly
 * lets the older win.
 * @see istio pilot/pkg/model/config.go (sortConfigByCreationTime)
 */
export function byCreationTime(a: Meta, b: Meta): number {
  return (
    compare(a.created ?? NEVER_CREATED, b.created ?? NEVER_CREATED) ||
    compare(a.name, b.name) ||
    compare(a.namespace, b.namespace)
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** A list in order of age. Made once for each list. */
export const sortByCreationTime: <T extends Meta>(list: readonly T[]) => readonly T[] = memoize(
  <T extends Meta>(list: readonly T[]) => [...list].sort(byCreationTime)
) as <T extends Meta>(list: readonly T[]) => readonly T[]
