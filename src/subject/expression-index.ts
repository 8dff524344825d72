import { digest } from '../text/digest.ts'
import { compileRegex } from '../text/regex.ts'
import { type RegexProgram, regexProgram } from '../text/regex-program.ts'

/** Most instructions of all expressions. Each expression has to be compiled. */
const MAX_SIZE = 100_000
/** Most steps to find out what the expressions match on: a comparison of a character is one. */
const MAX_STEPS = 5_000_000
/** Steps that a transition takes. */
const COST = 20

/** An expression that a name takes from one state to another. */
interface Transition {
  readonly program: RegexProgram
  /** Number of the state before the name, among those of all expressions. */
  readonly from: number
  readonly to: number
}

/**
 * What regular expressions can match on of names. In any text, two names have equal results if they take each state of the
 * automaton of each expression to the same states.
 */
export class ExpressionIndex {
  readonly #programs: readonly RegexProgram[]
  readonly #byBeginning = new Map<string, readonly Transition[]>()
  #steps = 0

  constructor(expressions: readonly string[]) {
    const programs: RegexProgram[] = []
    let size = 0
    for (const expression of expressions) {
      const compiled = compileRegex(expression)
      // It matches nothing.
      if (compiled === undefined) continue
      const program = regexProgram(compiled)
      size += program?.size ?? MAX_SIZE
      if (program !== undefined) programs.push(program)
      if (size >= MAX_SIZE) break
    }
    this.#programs = programs
    if (size >= MAX_SIZE) this.#steps = MAX_STEPS
  }

  /**
   * Text that is equal only for names with equal results: empty if no text with the name matches, the name itself if nothing is known
   * of it.
   */
  relationOf(name: string): string {
    const transitions = this.#steps < MAX_STEPS ? this.#transitionsOf(name) : undefined
    if (transitions === undefined) return name
    return transitions.length === 0 ? '' : digest(transitions.map(keyOf).sort((a, b) => a - b))
  }

  #transitionsOf(beginning: string): readonly Transition[] | undefined {
    const known = this.#byBeginning.get(beginning)
    if (known !== undefined) return known
    const before = beginning.length === 1 ? this.#starts() : this.#transitionsOf(beginning.slice(0, -1))
    if (before === undefined || (beginning.length > 1 && before.length === 0)) return before
    const transitions = this.#advance(before, beginning.slice(-1))
    if (transitions !== undefined) this.#byBeginning.set(beginning, transitions)
    return transitions
  }

  /** Transitions of no text. */
  #starts(): readonly Transition[] {
    let count = 0
    return this.#programs.flatMap(program => program.states.map(state => ({ program, from: count++, to: state })))
  }

  /** Transitions of the text with another character at its end. */
  #advance(transitions: readonly Transition[], char: string): readonly Transition[] | undefined {
    const advanced: Transition[] = []
    const known = new Set<number>()
    for (const { program, from, to } of transitions) {
      const states = program.next(to, char)
      this.#steps += program.widthAt(to) + COST * states.length
      if (this.#steps >= MAX_STEPS) return undefined
      for (const next of states) {
        const transition = { program, from, to: next }
        if (!known.has(keyOf(transition))) advanced.push(transition)
        known.add(keyOf(transition))
      }
    }
    return advanced
  }
}

const keyOf = ({ from, to }: Transition) => from * MAX_SIZE + to
