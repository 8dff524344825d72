import { isDeepStrictEqual } from 'node:util'
import { pino } from 'pino'
import type tap from 'tap'
import { makeCertificate } from '../../src/controller/dev-certificate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { buildWebhook } from '../../src/server/app.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { project } from '../../src/sources/cluster/projection.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { evaluatorOf, healthOnly } from './evaluator.ts'
import { type HostileInput, type Manifest, toJson } from './hostile-inputs.ts'
import { stockWith } from './snapshot.ts'

/** What the processor may work on one request. The API server waits longer; other requests wait as long. */
export const LIMIT_MS = 1_000

/** How long the processor worked on a row, for the slowest of its requests. */
export interface Played {
  readonly changeMs: number
  readonly stateMs: number
  /** What is not as it must be. */
  readonly faults: readonly string[]
}

/** A webhook that is asked in this process. */
export interface Stage {
  readonly play: (row: HostileInput) => Promise<Played>
  readonly close: () => Promise<void>
}

interface Question {
  readonly path: '/validate' | '/mutate'
  readonly body: string
}

interface Answer {
  readonly ms: number
  readonly status: number
  readonly text: string
}

type Ask = (question: Question) => Promise<Answer>

/** A question of the API server about the JSON text of an object. */
export function review(json: string, path: Question['path'], operation: 'CREATE' | 'UPDATE' | 'DELETE'): Question {
  const { apiVersion, kind, metadata }: Manifest = JSON.parse(json)
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  const request = { uid: 'u', kind: { group, version, kind }, operation, ...pick(metadata) }
  const object = operation === 'DELETE' ? 'null' : json
  const oldObject = operation === 'CREATE' ? 'null' : json
  const asked = JSON.stringify(request).slice(0, -1)
  const head = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":${asked}`
  return { path, body: `${head},"object":${object},"oldObject":${oldObject}}}` }
}

const pick = ({ name, namespace }: Manifest['metadata']) => ({ name, namespace })

const STRICT = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { namespace: 'istio-system', name: 'strict' },
  spec: { mtls: { mode: 'STRICT' } }
}
const MODEL = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace: 'user1', name: 'ordinary' },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } }
}

/** What others ask, whose answers no hostile change may alter. */
const ORDINARY: readonly Question[] = [
  review(JSON.stringify(STRICT), '/validate', 'CREATE'),
  review(JSON.stringify(MODEL), '/validate', 'CREATE'),
  review(JSON.stringify(MODEL), '/mutate', 'CREATE')
]

const PROTOTYPES = [Object, Array, String, Function, Map].map(({ prototype }): object => prototype)
/** All that is in prototypes, one after the other: names and values. */
const membersOf = () =>
  PROTOTYPES.flatMap(prototype =>
    Reflect.ownKeys(prototype).flatMap(key => [key, Reflect.getOwnPropertyDescriptor(prototype, key)?.value])
  )

/** A webhook with a stock installation as its state, to which the state is changed and back for each row. */
export async function openStage(): Promise<Stage> {
  const stock = stockWith()
  let state = stock
  const source = { ...staticSource(stock), current: () => state }
  const evaluator = await evaluatorOf(source)
  const app = await buildWebhook(
    await makeCertificate(['localhost']),
    {
      evaluator,
      policy: () => DEFAULT_POLICY,
      ownNamespace: undefined,
      metrics: createMetrics(healthOnly(source)),
      maxInFlight: 64,
      isStopping: () => false
    },
    pino({ level: 'silent' })
  )
  const ask: Ask = async ({ path, body }) => {
    const headers = { 'content-type': 'application/json' }
    const { result, ms } = await measure(() => app.inject({ method: 'POST', url: path, payload: body, headers }))
    return { ms, status: result.statusCode, text: result.body }
  }
  const askAll = async (questions: readonly Question[]) => {
    const answers: Answer[] = []
    for (const question of questions) answers.push(await ask(question))
    return answers
  }
  const usual = textsOf(await askAll(ORDINARY))
  const members = membersOf()
  const play = async (row: HostileInput): Promise<Played> => {
    const json = toJson(row)
    const beside = row.beside?.() ?? []
    state = stateWith(stock, beside)
    // What is beside it is known before it comes.
    if (beside.length > 0) await askAll(ORDINARY)
    const change = await askAll(
      (['CREATE', 'UPDATE'] as const).flatMap(operation =>
        (['/validate', '/mutate'] as const).map(path => review(json, path, operation))
      )
    )
    state = stateWith(stock, [...beside, JSON.parse(json)])
    const within = await askAll([...ORDINARY, review(json, '/validate', 'DELETE')])
    state = stock
    const after = await askAll(ORDINARY)
    const faults = [...change, ...within, ...after].flatMap(faultIn)
    if (!isDeepStrictEqual(textsOf(after), usual)) faults.push('ordinary requests are answered otherwise afterwards')
    if (!isDeepStrictEqual(membersOf(), members)) faults.push('a prototype has changed')
    return { changeMs: slowest(change), stateMs: slowest([...within, ...after]), faults }
  }
  return {
    play,
    close: async () => {
      await app.close()
      await evaluator.close()
    }
  }
}

/** Garbage collection and other processes make a row slow now and then; one that is slow each time is too slow. */
const PLAYS = 3

const isSlow = ({ changeMs, stateMs }: Played) => Math.max(changeMs, stateMs) > LIMIT_MS

/** Plays each row as a test of its own. */
export async function playAll(t: Pick<Test, 'test' | 'teardown'>, rows: readonly HostileInput[]): Promise<void> {
  const stage = await openStage()
  t.teardown(stage.close)
  for (const row of rows) {
    await t.test(row.name, async t => {
      let played = await stage.play(row)
      for (let again = 1; again < PLAYS && isSlow(played); again++) played = await stage.play(row)
      t.same(played.faults, [])
    })
  }
}

type Test = typeof tap

/** The state with these objects in it, as far as they can be read. */
function stateWith(stock: Snapshot, manifests: readonly Manifest[]): Snapshot {
  return manifests
    .flatMap(manifest => project(manifest, () => {}))
    .reduce((state, after) => state.apply({ operation: 'CREATE', after }), stock)
}

/** Time of the processor, of all threads: on a busy machine it stays the same, and that of the clock does not. */
export async function measure<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: (user + system) / 1000 }
}

function faultIn({ status, text, ms }: Answer): readonly string[] {
  const isAnswered = status === 200 && typeof JSON.parse(text).response?.allowed === 'boolean'
  return [
    ...(isAnswered ? [] : [`status ${status}: ${text.slice(0, 200)}`]),
    ...(ms <= LIMIT_MS ? [] : [`took ${Math.round(ms)} ms`])
  ]
}

const textsOf = (answers: readonly Answer[]) => answers.map(({ text }) => text)
const slowest = (answers: readonly Answer[]) => Math.max(...answers.map(({ ms }) => ms))
