import { getOrAdd } from './map.ts'

/**
 * Memoizes a function of one immutable input, for the lifetime of the input. Lists of a snapshot keep their identity until
 * one of their objects changes, so an index of such a list is built once.
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

interface Joined<T> {
  readonly next: WeakMap<readonly T[], Joined<T>>
  list?: readonly T[]
}

const newJoined = <T>(): Joined<T> => ({ next: new WeakMap() })

/** A function that concatenates lists. The result for the same lists is the same, so that what is derived of it can be memoized. */
export function memoizedConcat<T>(): (lists: readonly (readonly T[])[]) => readonly T[] {
  const root = newJoined<T>()
  return lists => {
    let joined = root
    for (const list of lists) joined = getOrAdd(joined.next, list, newJoined<T>)
    joined.list ??= lists.flat()
    return joined.list
  }
}

const newEntries = () => new Map<unknown, { readonly output: unknown }>()

/** Memoized results of a view, by function and argument. They live as long as the view. */
export type ViewMemo = Map<object, Map<unknown, { readonly output: unknown }>>

/**
 * Memoizes a function of a view and one argument, per view. A tracking view records dependencies on the first call only.
 */
export function memoizeInView<V extends { readonly memo: ViewMemo }, K, O>(
  derive: (view: V, key: K) => O
): (view: V, key: K) => O {
  return (view, key) => {
    const cache = getOrAdd(view.memo, derive, newEntries)
    // The results under a function have its return type.
    const cached = cache.get(key)
    if (cached !== undefined) return cached.output as O
    const output = derive(view, key)
    cache.set(key, { output })
    return output
  }
}
