import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'

/**
 * Existing namespaces that `exportTo` names. Others have no callers, and one object can name 50,000: only names that are
 * kept cost more than a look-up.
 */
export const namedExports: (view: View<'Namespace'>, exportTo: readonly string[]) => readonly string[] = memoizeInView(
  (view, exportTo) => {
    const names = exportTo.filter(to => to !== OWN && to !== ALL)
    if (names.length === 0) return names
    const all = namespaceNames(view, ALL)
    return names.filter(name => all.has(name))
  }
)

const OWN = '.'
const ALL = '*'

const namespaceNames: (view: View<'Namespace'>, all: typeof ALL) => ReadonlySet<string> = memoizeInView(
  view => new Set(view.list('Namespace').map(({ name }) => name))
)
