import { getOrAdd } from './shelf.ts'

/**
 * Remembers what `derive` made of an immutable input, for as long as that input lives. Lists that a snapshot
 * hands out keep their identity until one of their objects changes, so an index made of such a list is made once.
 */
export function remember<I extends object, O>(derive: (input: I) => O): (input: I) => O {
  const known = new WeakMap<I, { readonly output: O }>()
  return input => {
    const found = known.get(input)
    if (found !== undefined) return found.output
    const output = derive(input)
    known.set(input, { output })
    return output
  }
}

/**
 * The same for what is derived from a view and something that is looked at there. Views are immutable, and one that
 * records what is read has recorded it the first time.
 */
export function rememberIn<V extends object, K, O>(derive: (view: V, key: K) => O): (view: V, key: K) => O {
  // What was derived goes with the view, so there is nothing to be weak about within one.
  const byView = remember((_view: V) => new Map<K, { readonly output: O }>())
  return (view, key) => getOrAdd(byView(view), key, () => ({ output: derive(view, key) })).output
}
