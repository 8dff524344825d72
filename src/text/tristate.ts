/** Three-valued logic; `undefined` is unknown. */
export type Tristate = boolean | undefined

/** False if one value is false, else unknown if one is unknown. Stops at the first false. */
export function all(values: Iterable<Tristate>): Tristate {
  let result: Tristate = true
  for (const value of values) {
    if (value === false) return false
    if (value === undefined) result = undefined
  }
  return result
}

/** True if one value is true, else unknown if one is unknown. Stops at the first true. */
export function any(values: Iterable<Tristate>): Tristate {
  return anyOf(values, value => value)
}

/** Like `any`, of the results of a test, which runs up to the first true. */
export function anyOf<T>(items: Iterable<T>, test: (item: T) => Tristate): Tristate {
  let result: Tristate = false
  for (const item of items) {
    const value = test(item)
    if (value === true) return true
    if (value === undefined) result = undefined
  }
  return result
}

export function not(value: Tristate): Tristate {
  return value === undefined ? undefined : !value
}
