import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

/**
 * Existing namespaces that `exportTo` names. Others have no callers, and one object can name 50,000: only names that are
 * kept cost more than a look-up.
 */
export function namedExports(view: View<'Namespace'>, exportTo: readonly string[]): readonly string[] {
  return exportsAmong(view.list('Namespace'))(exportTo)
}

/** The namespaces among these that `exportTo` names. */
export const exportsAmong = memoize((namespaces: readonly ResourceOf<'Namespace'>[]) => {
  const all = new Set(namespaces.map(({ name }) => name))
  return memoize((exportTo: readonly string[]): readonly string[] => exportTo.filter(to => all.has(to)))
})
