import { getOrAdd } from './map.ts'

/**
 * Remembers what `derive` made of an immutable input, for as long as that input lives. Lists that a snapshot
 * hands out keep their identity until one of their objects changes, so an index made of such a list is made once.
 */
export function memoize<I extends object, O>(derive: (input: I) => O): (input: I) => O {
  const cache = new WeakMap<I, { readonly output: O }>()
  return input => {
    const cached = cache.get(input)
    if (cached !== undefined) return cached.output
    const output = derive(input)
    cache.set(input, { output })
    return output
  }
}

const NOTHING = () => new Map<unknown, { readonly output: unknown }>()

/** What was made of a view, by what made it and what that looked at. It goes with the view. */
export type ViewMemo = Map<object, Map<unknown, { readonly output: unknown }>>

/**
 * The same for what is memo from a view and something that is looked at there. Views are immutable, and one that
 * records what is read has recorded it the first time.
 */
export function memoizeInView<V extends { readonly memo: ViewMemo }, K, O>(
  derive: (view: V, key: K) => O
): (view: V, key: K) => O {
  return (view, key) => {
    const cache = getOrAdd(view.memo, derive, NOTHING)
    // What stands under a function is what it made.
    const cached = cache.get(key)
    if (cached !== undefined) return cached.output as O
    const output = derive(view, key)
    cache.set(key, { output })
    return output
  }
}
