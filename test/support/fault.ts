import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Health } from '../../src/sources/cluster/sync-status.ts'
import { type ApiServer, type Fault, sendStatus } from './api-server.ts'
import { waitUntil } from './wait-until.ts'
import {
  FAST_TIMING,
  KIND,
  policy,
  servedPath,
  startWithPolicies,
  type WatchHarness,
  type WatchOptions,
  watch
} from './watch-harness.ts'

/** Access of a fault to the server. */
export type FaultContext = Pick<WatchHarness, 'api'>

/** A fault, and its expected effects. */
export interface FaultCase {
  /** Changes the path of the kind, so that the soak test injects no other fault at the same time. */
  readonly exclusive?: true
  readonly timing?: WatchOptions['timing']
  /** Applied to the server before the watch starts. */
  readonly before?: (api: ApiServer) => void
  /** Applied to the server after the watch has synced. */
  readonly play?: (stage: FaultContext) => unknown
  /** Expected health during the fault; absent if the fault is too short to observe. */
  readonly meanwhile?: Health
  /** Expected reason in the error counters. */
  readonly reason?: string
  /** Ends the fault. */
  readonly heal?: (stage: FaultContext) => unknown
  readonly check?: (t: Test, watched: WatchHarness) => void
}

/** Duration of a fault. */
const FAULT_MS = 150
/** Time to recover; in production a hundred times as long: the idle timeout and the maximum backoff. */
const RECOVERY_MS = 5_000
const NOT_READY: readonly Health[] = ['starting', 'stale']

/** Injects the faults, a few at a time, and asserts health and recovery. */
export function testFaults(t: Test, rows: Readonly<Record<string, FaultCase>>): void {
  const unhandled: unknown[] = []
  process.on('unhandledRejection', error => unhandled.push(error))
  const times: number[] = []
  t.jobs = 6
  for (const [name, row] of Object.entries(rows)) {
    t.test(name, { buffered: true }, async t => {
      times.push(await testFault(t, row))
    })
  }
  t.teardown(() => {
    if (unhandled.length > 0) throw new Error(`${unhandled.length} unhandled rejections: ${unhandled}`)
    t.comment(`slowest recovery: ${Math.round(Math.max(...times))} ms`)
  })
}

async function testFault(t: Test, row: FaultCase): Promise<number> {
  const { timing = {}, before, play, meanwhile, reason, heal, check } = row
  const api = await startWithPolicies(t)
  before?.(api)
  const watched = await watch(t, api, { timing })
  const startedMs = performance.now()
  if (before === undefined) await watched.waitForWatches()
  await play?.(watched)
  if (meanwhile !== undefined) await checkHealth(t, watched, meanwhile)
  await waitUntil(`${reason} is counted`, () => {
    return reason === undefined || watched.health().counters.errors.has(reason)
  })
  await sleep(FAULT_MS)
  change(api)
  await heal?.(watched)
  const tookMs = await watched.waitForSync(RECOVERY_MS)
  await waitUntil('all kinds are synced', () => watched.source.health().every(one => one.health === 'synced'))
  t.match(await watched.readiness(), { status: 200, line: /: synced, \d objects, last synced \d+(\.\d)? s ago$/ })
  check?.(t, watched)
  const { maxBackoffMs } = { ...FAST_TIMING, ...timing }
  const rounds = 5 + (performance.now() - startedMs) / (maxBackoffMs / 2)
  // A round has up to three requests: list, discovery and watch.
  t.ok(watched.requests().length <= 3 * rounds, `${watched.requests().length} requests in ${Math.round(rounds)} rounds`)
  return tookMs
}

/** Checks health, readiness and the snapshot during the fault. */
async function checkHealth(t: Test, watched: WatchHarness, health: Health): Promise<void> {
  const isWaiting = NOT_READY.includes(health)
  const others = () => watched.source.health().filter(({ kind }) => kind !== KIND)
  await waitUntil('all other kinds are synced', () => isWaiting || others().every(one => one.health === 'synced'))
  await waitUntil(`health is ${health}`, () => watched.health().health === health)
  const { status, line } = await watched.readiness()
  t.equal(status, isWaiting ? 503 : 200)
  t.match(line, `: ${health}, `)
  t.equal(watched.isUnreadable(), health !== 'synced' && health !== 'absent')
}

/** Deletes, updates and creates a policy. */
function change(api: ApiServer): void {
  const path = servedPath(api)
  if (path === undefined) return
  api.remove(path, 'a/default')
  api.put(path, policy('b', 'PERMISSIVE'))
  api.put(path, policy('new'))
}

type Part = 'list' | 'watch' | 'any'

/** Responds to requests for policies of any API version. */
export const onRequest =
  (part: Part, respond: (...args: Parameters<Fault>) => unknown): Fault =>
  (request, ...rest) => {
    const isWatch = request.searchParams.has('watch')
    const isSelected = part === 'any' || isWatch === (part === 'watch')
    if (!isSelected || !request.pathname.endsWith('/peerauthentications')) return false
    respond(request, ...rest)
    return true
  }

export const respondWithStatus = (part: Part, status: number, headers: Record<string, string> = {}) =>
  onRequest(part, (_request, response) => sendStatus(response, status, 'no', headers))

export const respondWithText = (part: Part, text: string | Buffer) =>
  onRequest(part, (_request, response) => response.writeHead(200).end(text))

export const heal = ({ api }: FaultContext) => {
  api.fault = undefined
}
