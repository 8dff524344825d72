/** Seeded pseudorandom number generator. */
export interface Random {
  /** Integer from 0 to `limit` - 1. */
  readonly below: (limit: number) => number
  readonly pick: <T>(all: readonly T[]) => T
  readonly shuffle: <T>(all: readonly T[]) => readonly T[]
}

/** mulberry32. @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seededRandom(seed: number): Random {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    pick: all => {
      const [picked] = all.slice(below(all.length))
      if (picked === undefined) throw new Error('cannot pick from an empty list')
      return picked
    },
    shuffle: all => {
      const keyed = all.map(one => [next(), one] as const)
      return keyed.sort(([a], [b]) => a - b).map(([, one]) => one)
    }
  }
}
