/** Map or WeakMap. */
interface Values<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): unknown
}

/** Value of a key; computed and added if it is absent. */
export function getOrAdd<K, V>(map: Values<K, V>, key: K, make: () => V): V {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const added = make()
  map.set(key, added)
  return added
}

/**
 * Value of a key that the map is known to have.
 *
 * @throws if it does not
 */
export function getKnown<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key)
  if (value === undefined) throw new Error('the map has no such key')
  return value
}
