import { memoize } from './memoize.ts'
import type { Meta } from './resource.ts'

/** An object without creationTimestamp is being created: it sorts last. */
const NEVER_CREATED = '~'

/**
 * Compares by creationTimestamp, then name and namespace. If two objects conflict, Istio mostly uses the oldest.
 * @see istio 1.31 pilot/pkg/model/config.go (sortConfigByCreationTime)
 */
export function byCreationTime(a: Meta, b: Meta): number {
  return (
    compare(a.created ?? NEVER_CREATED, b.created ?? NEVER_CREATED) ||
    compare(a.name, b.name) ||
    compare(a.namespace, b.namespace)
  )
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** The list sorted by creationTimestamp. Memoized for each list. */
export const sortByCreationTime: <T extends Meta>(list: readonly T[]) => readonly T[] = memoize(
  <T extends Meta>(list: readonly T[]) => [...list].sort(byCreationTime)
) as <T extends Meta>(list: readonly T[]) => readonly T[]
