/** Value of a key; computed and added if it is absent. */
export function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const added = make()
  map.set(key, added)
  return added
}
