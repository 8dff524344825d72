/** An answer that may be out of reach: `undefined` is "it depends on what we cannot see". */
export type Tristate = boolean | undefined

/** False as soon as one is, whatever the others. */
export function all(answers: Iterable<Tristate>): Tristate {
  let result: Tristate = true
  for (const answer of answers) {
    if (answer === false) return false
    if (answer === undefined) result = undefined
  }
  return result
}

/** True as soon as one is, whatever the others. */
export function any(answers: Iterable<Tristate>): Tristate {
  let result: Tristate = false
  for (const answer of answers) {
    if (answer === true) return true
    if (answer === undefined) result = undefined
  }
  return result
}

export function not(answer: Tristate): Tristate {
  return answer === undefined ? undefined : !answer
}
