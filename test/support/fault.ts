import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Health } from '../../src/sources/cluster/sync-status.ts'
import { type ApiServer, type Fault, refuse } from './api-server.ts'
import { until } from './wait-until.ts'
import {
  KIND,
  placeOf,
  policy,
  QUICK,
  startWithPolicies,
  type Watched,
  type WatchOptions,
  watch
} from './watch-harness.ts'

/** What a fault is played on. */
export type Stage = Pick<Watched, 'api'>

/** A fault, and what must be seen of it. */
export interface Row {
  /** Changes where the kind is served, so that no other fault can be played at the same time. */
  readonly alone?: true
  readonly timing?: WatchOptions['timing']
  /** Done to the server before we come. */
  readonly before?: (api: ApiServer) => void
  /** Done to the server when all is well. */
  readonly play?: (stage: Stage) => unknown
  /** What is known of the kind while the fault lasts; without it the fault is over before it can be asked. */
  readonly meanwhile?: Health
  /** Under which the fault is counted. */
  readonly reason?: string
  /** Ends the fault. */
  readonly heal?: (stage: Stage) => unknown
  readonly check?: (t: Test, watched: Watched) => void
}

/** How long a fault lasts. */
const HOLD_MS = 150
/** In life it is a hundred times as long: the time in which silence is noticed, and the longest pause. */
const WITHIN_MS = 5_000
const NOT_READY: readonly Health[] = ['starting', 'stale']

/** Plays the faults, a few at a time, and holds us to what must be so during and after each. */
export function playFaults(t: Test, rows: Readonly<Record<string, Row>>): void {
  const strays: unknown[] = []
  process.on('unhandledRejection', stray => strays.push(stray))
  const times: number[] = []
  t.jobs = 6
  for (const [name, row] of Object.entries(rows)) {
    t.test(name, { buffered: true }, async t => {
      times.push(await play(t, row))
    })
  }
  t.teardown(() => {
    if (strays.length > 0) throw new Error(`${strays.length} unhandled rejections: ${strays}`)
    t.comment(`the slowest took ${Math.round(Math.max(...times))} ms to recover`)
  })
}

async function play(t: Test, row: Row): Promise<number> {
  const { timing = {}, before, play, meanwhile, reason, heal, check } = row
  const api = await startWithPolicies(t)
  before?.(api)
  const watched = await watch(t, api, { timing })
  const startedMs = performance.now()
  if (before === undefined) await watched.following()
  await play?.(watched)
  if (meanwhile !== undefined) await meet(t, watched, meanwhile)
  await until(`${reason} is counted`, () => {
    return reason === undefined || watched.evidence().counters.errors.has(reason)
  })
  await sleep(HOLD_MS)
  change(api)
  await heal?.(watched)
  const tookMs = await watched.settle(WITHIN_MS)
  await until('all is synced', () => watched.source.health().every(one => one.health === 'synced'))
  t.match(await watched.readiness(), { status: 200, line: /: synced, \d objects, last synced \d+(\.\d)? s ago$/ })
  check?.(t, watched)
  const { maxBackoffMs } = { ...QUICK, ...timing }
  const rounds = 5 + (performance.now() - startedMs) / (maxBackoffMs / 2)
  // A round is a list, a look for other versions, and a watch.
  t.ok(watched.asked().length <= 3 * rounds, `${watched.asked().length} requests in ${Math.round(rounds)} rounds`)
  return tookMs
}

/** What is said of the kind while the fault lasts is the truth. */
async function meet(t: Test, watched: Watched, health: Health): Promise<void> {
  const isWaiting = NOT_READY.includes(health)
  const others = () => watched.source.health().filter(({ kind }) => kind !== KIND)
  await until('all others are synced', () => isWaiting || others().every(one => one.health === 'synced'))
  await until(`it is ${health}`, () => watched.evidence().health === health)
  const { status, line } = await watched.readiness()
  t.equal(status, isWaiting ? 503 : 200)
  t.match(line, `: ${health}, `)
  t.equal(watched.isMissing(), health !== 'synced' && health !== 'absent')
}

/** An object goes, one changes, and one comes. */
function change(api: ApiServer): void {
  const place = placeOf(api)
  if (place === undefined) return
  api.remove(place, 'a/default')
  api.put(place, policy('b', 'PERMISSIVE'))
  api.put(place, policy('new'))
}

type Part = 'list' | 'watch' | 'any'

/** Plays on requests for policies, of whatever version. */
export const on =
  (part: Part, answer: (...args: Parameters<Fault>) => unknown): Fault =>
  (request, ...rest) => {
    const isWatch = request.searchParams.has('watch')
    const isMeant = part === 'any' || isWatch === (part === 'watch')
    if (!isMeant || !request.pathname.endsWith('/peerauthentications')) return false
    answer(request, ...rest)
    return true
  }

export const refusing = (part: Part, status: number, headers: Record<string, string> = {}) =>
  on(part, (_request, response) => refuse(response, status, 'no', headers))

export const answering = (part: Part, text: string | Buffer) =>
  on(part, (_request, response) => response.writeHead(200).end(text))

export const heal = ({ api }: Stage) => {
  api.fault = undefined
}
