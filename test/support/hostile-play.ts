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

/** Maximum CPU time of one request; other requests wait for it. */
export const LIMIT_MS = 1_000

/** CPU time of the slowest request, and errors of a hostile input. */
export interface Played {
  readonly changeMs: number
  readonly stateMs: number
  readonly errors: readonly string[]
}

/** Webhook in this process. */
export interface Stage {
  readonly play: (row: HostileInput) => Promise<Played>
  readonly close: () => Promise<void>
}

interface WebhookRequest {
  readonly path: '/validate' | '/mutate'
  readonly body: string
}

interface WebhookResponse {
  readonly ms: number
  readonly status: number
  readonly text: string
}

type Send = (request: WebhookRequest) => Promise<WebhookResponse>

/** AdmissionReview request for the JSON text of an object. */
export function review(
  json: string,
  path: WebhookRequest['path'],
  operation: 'CREATE' | 'UPDATE' | 'DELETE'
): WebhookRequest {
  const { apiVersion, kind, metadata }: Manifest = JSON.parse(json)
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  const request = { uid: 'u', kind: { group, version, kind }, operation, ...pick(metadata) }
  const object = operation === 'DELETE' ? 'null' : json
  const oldObject = operation === 'CREATE' ? 'null' : json
  const text = JSON.stringify(request).slice(0, -1)
  const head = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":${text}`
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

/** Requests whose responses must not change. */
const ORDINARY: readonly WebhookRequest[] = [
  review(JSON.stringify(STRICT), '/validate', 'CREATE'),
  review(JSON.stringify(MODEL), '/validate', 'CREATE'),
  review(JSON.stringify(MODEL), '/mutate', 'CREATE')
]

const PROTOTYPES = [Object, Array, String, Function, Map].map(({ prototype }): object => prototype)
/** Names and values of all members of the prototypes. */
const membersOf = () =>
  PROTOTYPES.flatMap(prototype =>
    Reflect.ownKeys(prototype).flatMap(key => [key, Reflect.getOwnPropertyDescriptor(prototype, key)?.value])
  )

/** Starts a webhook; the state is changed and restored for each hostile input. */
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
  const send: Send = async ({ path, body }) => {
    const headers = { 'content-type': 'application/json' }
    const { result, ms } = await measure(() => app.inject({ method: 'POST', url: path, payload: body, headers }))
    return { ms, status: result.statusCode, text: result.body }
  }
  const sendAll = async (requests: readonly WebhookRequest[]) => {
    const responses: WebhookResponse[] = []
    for (const request of requests) responses.push(await send(request))
    return responses
  }
  const expected = textsOf(await sendAll(ORDINARY))
  const members = membersOf()
  const play = async (row: HostileInput): Promise<Played> => {
    const json = toJson(row)
    const beside = row.beside?.() ?? []
    state = stateWith(stock, beside)
    // The other objects are evaluated before the change.
    if (beside.length > 0) await sendAll(ORDINARY)
    const change = await sendAll(
      (['CREATE', 'UPDATE'] as const).flatMap(operation =>
        (['/validate', '/mutate'] as const).map(path => review(json, path, operation))
      )
    )
    state = stateWith(stock, [...beside, JSON.parse(json)])
    const withInput = await sendAll([...ORDINARY, review(json, '/validate', 'DELETE')])
    state = stock
    const after = await sendAll(ORDINARY)
    const errors = [...change, ...withInput, ...after].flatMap(errorsIn)
    if (!isDeepStrictEqual(textsOf(after), expected)) errors.push('responses to ordinary requests differ afterwards')
    if (!isDeepStrictEqual(membersOf(), members)) errors.push('a prototype has changed')
    return { changeMs: slowest(change), stateMs: slowest([...withInput, ...after]), errors }
  }
  return {
    play,
    close: async () => {
      await app.close()
      await evaluator.close()
    }
  }
}

/** Attempts until a slow input fails, because garbage collection may slow a single one. */
const MAX_ATTEMPTS = 3

const isSlow = ({ changeMs, stateMs }: Played) => Math.max(changeMs, stateMs) > LIMIT_MS

/** Runs each hostile input as a subtest. */
export async function playAll(t: Pick<Test, 'test' | 'teardown'>, rows: readonly HostileInput[]): Promise<void> {
  const stage = await openStage()
  t.teardown(stage.close)
  for (const row of rows) {
    await t.test(row.name, async t => {
      let played = await stage.play(row)
      for (let attempt = 1; attempt < MAX_ATTEMPTS && isSlow(played); attempt++) played = await stage.play(row)
      t.same(played.errors, [])
    })
  }
}

type Test = typeof tap

/** Adds the objects that can be parsed to a state. */
function stateWith(stock: Snapshot, manifests: readonly Manifest[]): Snapshot {
  return manifests
    .flatMap(manifest => project(manifest, () => {}))
    .reduce((state, after) => state.apply({ operation: 'CREATE', after }), stock)
}

/** Measures CPU time of all threads, which is independent of machine load. */
export async function measure<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: (user + system) / 1000 }
}

function errorsIn({ status, text, ms }: WebhookResponse): readonly string[] {
  const hasResponse = status === 200 && typeof JSON.parse(text).response?.allowed === 'boolean'
  return [
    ...(hasResponse ? [] : [`status ${status}: ${text.slice(0, 200)}`]),
    ...(ms <= LIMIT_MS ? [] : [`took ${Math.round(ms)} ms`])
  ]
}

const textsOf = (responses: readonly WebhookResponse[]) => responses.map(({ text }) => text)
const slowest = (responses: readonly WebhookResponse[]) => Math.max(...responses.map(({ ms }) => ms))
