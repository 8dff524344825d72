import { getOrAdd } from './map.ts'

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

const NOTHING = () => new Map<unknown, { readonly output: unknown }>()

/** What was made of a view, by what made it and what that looked at. It goes with the view. */
export type Derived = Map<object, Map<unknown, { readonly output: unknown }>>

/**
 * The same for what is derived from a view and something that is looked at there. Views are immutable, and one that
 * records what is read has recorded it the first time.
 */
export function rememberIn<V extends { readonly derived: Derived }, K, O>(
  derive: (view: V, key: K) => O
): (view: V, key: K) => O {
  return (view, key) => {
    const known = getOrAdd(view.derived, derive, NOTHING)
    // What stands under a function is what it made.
    const found = known.get(key)
    if (found !== undefined) return found.output as O
    const output = derive(view, key)
    known.set(key, { output })
    return output
  }
}
