import type { Tally } from './soak-clients.ts'
import type { Rotations } from './soak-rotation.ts'
import type { Rounds } from './soak-rounds.ts'

/** Of the whole process: guard, API server and clients. */
export interface Memory {
  readonly rssMb: number
  readonly heapMb: number
}

/** What a soak has come to. */
export interface Outcome {
  readonly tally: Tally
  readonly rounds: Rounds
  readonly rotations: Rotations
  readonly relists: number
  readonly memory: { readonly start: Memory; readonly end: Memory }
  /** What went wrong besides: what broke off, and why the guard could not be called for its self-test. */
  readonly problems: readonly string[]
}

/** How many of a kind are told in full. */
const TOLD = 5

/** The figures, a line each, and what failed. */
export function describe({ tally, rounds, rotations, relists, memory, problems }: Outcome): readonly string[] {
  const { verdicts, wrong, handshakes, requests } = tally
  const answers = [...verdicts.values()].reduce((sum, times) => sum + times, 0)
  const by = [...verdicts].map(([verdict, times]) => `${times} ${verdict}`).join(', ')
  return [
    `${answers} answers (${by}), ${wrong.length} wrong`,
    `${handshakes.length} failed handshakes, ${requests.length} failed requests`,
    ...describeRounds(rounds),
    `${rotations.leaves} leaves and ${rotations.authorities} authorities changed because of their age`,
    `${relists} relists`,
    `${describeMemory(memory.start)} at the start, ${describeMemory(memory.end)} at the end`,
    ...tell('wrong', wrong),
    ...tell('handshake', handshakes),
    ...tell('request', requests),
    ...tell('problem', problems)
  ]
}

export const isSound = ({ tally: { wrong, handshakes, requests }, problems }: Outcome) =>
  [wrong, handshakes, requests, problems].every(({ length }) => length === 0)

function describeRounds({ played, settled }: Rounds): readonly string[] {
  const times = settled.toSorted((a, b) => a.ms - b.ms)
  const at = (part: number) => times[Math.floor((times.length - 1) * part)]
  const [median, slowest] = [at(0.5), at(1)]
  const faults = [...played.values()].reduce((sum, times) => sum + times, 0)
  return [
    `${faults} faults of ${played.size} kinds in ${settled.length} rounds`,
    ...[...played].sort().map(([name, times]) => `  ${times} x ${name}`),
    ...(median === undefined || slowest === undefined
      ? []
      : [
          `all known again after ${Math.round(median.ms)} ms at the median, ${Math.round(slowest.ms)} ms at most`,
          `  (${slowest.after})`
        ])
  ]
}

const describeMemory = ({ rssMb, heapMb }: Memory) => `RSS ${rssMb} MiB and heap ${heapMb} MiB`

function tell(what: string, all: readonly string[]): readonly string[] {
  const shown = all.slice(0, TOLD).map(one => `${what}: ${one}`)
  return all.length > TOLD ? [...shown, `and ${all.length - TOLD} more`] : shown
}
