import type { Tally } from './soak-clients.ts'
import type { Rotations } from './soak-rotation.ts'
import type { Rounds } from './soak-rounds.ts'

/** Memory of the whole process: guard, API server and clients. */
export interface Memory {
  readonly rssMb: number
  readonly heapMb: number
}

/** Result of a soak. */
export interface SoakResult {
  readonly tally: Tally
  readonly rounds: Rounds
  readonly rotations: Rotations
  readonly relists: number
  readonly memory: { readonly start: Memory; readonly end: Memory }
  /** Other errors: aborted rounds or rotations, and failed self-test calls. */
  readonly problems: readonly string[]
}

/** Maximum number of listed errors per category. */
const MAX_LISTED = 5

/** One line per measurement, then the errors. */
export function formatResult({ tally, rounds, rotations, relists, memory, problems }: SoakResult): readonly string[] {
  const { decisions, wrong, failedHandshakes, failedRequests } = tally
  const answers = [...decisions.values()].reduce((sum, times) => sum + times, 0)
  const by = [...decisions].map(([decision, times]) => `${times} ${decision}`).join(', ')
  return [
    `${answers} answers (${by}), ${wrong.length} wrong`,
    `${failedHandshakes.length} failed handshakes, ${failedRequests.length} failed requests`,
    ...describeRounds(rounds),
    `${rotations.servingCertificates} rotations of the serving certificate, ${rotations.cas} of the CA`,
    `${relists} relists`,
    `${describeMemory(memory.start)} at the start, ${describeMemory(memory.end)} at the end`,
    ...listFirst('wrong', wrong),
    ...listFirst('handshake', failedHandshakes),
    ...listFirst('request', failedRequests),
    ...listFirst('problem', problems)
  ]
}

export const hasPassed = ({ tally: { wrong, failedHandshakes, failedRequests }, problems }: SoakResult) =>
  [wrong, failedHandshakes, failedRequests, problems].every(({ length }) => length === 0)

function describeRounds({ played, convergence }: Rounds): readonly string[] {
  const times = convergence.toSorted((a, b) => a.ms - b.ms)
  const at = (part: number) => times[Math.floor((times.length - 1) * part)]
  const [median, slowest] = [at(0.5), at(1)]
  const faults = [...played.values()].reduce((sum, times) => sum + times, 0)
  return [
    `${faults} faults of ${played.size} kinds in ${convergence.length} rounds`,
    ...[...played].sort().map(([name, times]) => `  ${times} x ${name}`),
    ...(median === undefined || slowest === undefined
      ? []
      : [
          `caches synced after ${Math.round(median.ms)} ms (median), ${Math.round(slowest.ms)} ms (maximum)`,
          `  (${slowest.after})`
        ])
  ]
}

const describeMemory = ({ rssMb, heapMb }: Memory) => `RSS ${rssMb} MiB and heap ${heapMb} MiB`

function listFirst(what: string, all: readonly string[]): readonly string[] {
  const shown = all.slice(0, MAX_LISTED).map(one => `${what}: ${one}`)
  return all.length > MAX_LISTED ? [...shown, `and ${all.length - MAX_LISTED} more`] : shown
}
