import type { RE2JS } from 're2js'

/** Finite automaton of a regular expression; states are numbers. */
export interface RegexProgram {
  /** Number of instructions. */
  readonly size: number
  /** States that the expression can be in before a character, the first of a text included. */
  readonly states: readonly number[]
  /** Number of instructions that a character in this state is compared with, and one for the state. */
  readonly widthAt: (state: number) => number
  /** States after a character that is not the last of a text. */
  readonly next: (state: number, char: string) => readonly number[]
}

/** Instruction of RE2. */
interface Instruction {
  readonly op: number
  /** Position of the next instruction. */
  readonly out: number
  /** Of alternatives the position of the other one, of an assertion what it asserts. */
  readonly arg: number
  readonly matchRune: (code: number) => boolean
}

/** @see re2js 2.10 src/Inst.js, src/Utils.js (EMPTY_*) */
const ALTERNATIVES = [1, 2]
const ASSERTION = 4
const WITHOUT_EFFECT = [3, 7]
const CHARACTER = [8, 9]
const ANY_CHARACTER = [10, 11]
const BEGIN = 1 | 4
/** State at the beginning of a text. */
const BEGINNING = -1
const BEGIN_OR_END = BEGIN | 2 | 8

/** Absent if the expression asserts word boundaries. */
export function regexProgram(expression: RE2JS): RegexProgram | undefined {
  const program: { readonly inst: readonly Instruction[]; readonly start: number } = expression.re2().prog
  const { inst: instructions, start } = program
  if (instructions.some(({ op, arg }) => op === ASSERTION && (arg & ~BEGIN_OR_END) !== 0)) return undefined
  const known = new Map<number, readonly Instruction[]>()
  const consuming = (state: number) => {
    const found =
      known.get(state) ?? consumingAt(instructions, state === BEGINNING ? start : state, state === BEGINNING)
    known.set(state, found)
    return found
  }
  return {
    size: instructions.length,
    widthAt: state => consuming(state).length + 1,
    states: [BEGINNING, ...new Set(instructions.filter(isConsuming).map(({ out }) => out))],
    next: (state, char) =>
      consuming(state).flatMap(one =>
        ANY_CHARACTER.includes(one.op) || one.matchRune(char.charCodeAt(0)) ? one.out : []
      )
  }
}

const isConsuming = ({ op }: Instruction) => CHARACTER.includes(op) || ANY_CHARACTER.includes(op)

/** Instructions that consume the next character at a position; between characters no assertion holds. */
function consumingAt(instructions: readonly Instruction[], from: number, isBegin: boolean): readonly Instruction[] {
  const positions = new Set([from])
  // A set returns what is added while it is iterated.
  for (const position of positions) {
    const { op, out, arg } = instructions[position] as Instruction
    if (ALTERNATIVES.includes(op)) positions.add(out).add(arg)
    else if (WITHOUT_EFFECT.includes(op) || (op === ASSERTION && isBegin && (arg & ~BEGIN) === 0)) positions.add(out)
  }
  return [...positions].map(position => instructions[position] as Instruction).filter(isConsuming)
}
