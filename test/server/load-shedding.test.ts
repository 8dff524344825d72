import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import t from 'tap'
import { parseConfig } from '../../src/config.ts'
import { makeCertificate } from '../../src/controller/dev-certificate.ts'
import { type RunningServer, serve } from '../../src/server/serve.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { ask, REVIEW } from '../support/client.ts'
import { evaluatorOf } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'
import { waitUntil } from '../support/wait-until.ts'

const { ca, ...keyPair } = await makeCertificate(['127.0.0.1'])
const logger = pino({ level: 'silent' })

async function start(maxInFlight: number): Promise<RunningServer> {
  const config = parseConfig(`server: { port: 0, healthPort: 0, maxInFlight: ${maxInFlight} }`, 'test')
  const evaluator = await evaluatorOf(staticSource(stockWith()))
  return serve({ config, evaluator, keyPair, ownNamespace: undefined, logger })
}

async function metricsOf({ health }: RunningServer): Promise<readonly string[]> {
  return (await (await fetch(`${health}/metrics`)).text()).split('\n')
}

t.test('requests over the limit get 503, requests in flight are answered', async t => {
  const running = await start(2)
  t.teardown(() => running.stop(0))
  const { promise: half, resolve: finish } = Promise.withResolvers<void>()
  const slow = ['/validate', '/mutate'].map(path => ask(running.webhook + path, REVIEW, { ca, half }))
  let lines: readonly string[] = []
  const inFlight = async (count: number) => {
    await waitUntil(`${count} are in flight`, () => {
      void metricsOf(running).then(now => {
        lines = now
      })
      return lines.includes(`mesh_guard_in_flight_requests ${count}`)
    })
  }
  await inFlight(2)
  const { status, headers, text } = await ask(`${running.webhook}/validate`, REVIEW, { ca })
  t.equal(status, 503)
  t.equal(headers['retry-after'], '1')
  t.match(text, 'concurrency limit reached, retry')
  t.equal((await fetch(`${running.health}/readyz`)).status, 200, 'a busy replica stays ready')
  t.equal((await ask(`${running.webhook}/self-test`, REVIEW, { ca })).status, 200, 'and answers the self-test')
  finish()
  t.same(
    (await Promise.all(slow)).map(({ status }) => status),
    [200, 200]
  )
  await inFlight(0)
  t.equal((await ask(`${running.webhook}/validate`, REVIEW, { ca })).status, 200)
  lines = await metricsOf(running)
  for (const line of [
    'mesh_guard_rejected_requests_total{reason="concurrency-limit"} 1',
    'mesh_guard_request_body_bytes_count 3',
    `mesh_guard_request_body_bytes_sum ${3 * REVIEW.length}`,
    'mesh_guard_request_body_bytes_bucket{le="1024"} 3'
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test('disconnected client frees its slot', async t => {
  const running = await start(1)
  t.teardown(() => running.stop(0))
  const agent = new Agent()
  const gone = ask(`${running.webhook}/validate`, REVIEW, { ca, agent, half: new Promise(() => {}) })
  while (!(await metricsOf(running)).includes('mesh_guard_in_flight_requests 1')) await sleep(10)
  agent.destroy()
  await t.rejects(gone)
  while (!(await metricsOf(running)).includes('mesh_guard_in_flight_requests 0')) await sleep(10)
  t.equal((await ask(`${running.webhook}/validate`, REVIEW, { ca })).status, 200)
})

t.test('evaluation timeout is answered within the budget', async t => {
  const running = await start(64)
  t.teardown(() => running.stop(0))
  for (const [timeout, delayMs, isLate] of [
    ['?timeout=5s', 0, false],
    ['', 0, false],
    ['?timeout=soon', 0, false],
    ['?timeout=0s', 0, true],
    ['?timeout=0.35s', 100, true]
  ] as const) {
    for (const [path, warning] of [
      ['/validate', /^not evaluated: object: evaluation took longer than 0(\.05)? s$/],
      ['/mutate', /^Nothing was injected: evaluation took longer than 0(\.05)? s$/]
    ] as const) {
      const { status, text } = await ask(running.webhook + path + timeout, REVIEW, { ca, half: sleep(delayMs) })
      t.equal(status, 200, `${path}${timeout}`)
      const { response } = JSON.parse(text)
      t.match(response, { uid: 'u', allowed: true }, `${path}${timeout}`)
      t.match(response.warnings, isLate ? [warning] : undefined, `${path}${timeout}`)
    }
  }
  const lines = await metricsOf(running)
  for (const line of [
    'mesh_guard_evaluation_timeouts_total 4',
    'mesh_guard_decision_duration_seconds_count 3',
    'mesh_guard_decisions_total{operation="CREATE",kind="Namespace",decision="warn"} 2',
    'mesh_guard_unevaluated_total{rule="object"} 2'
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test('requests that are still awaited are answered after the process was blocked', async t => {
  const running = await start(64)
  t.teardown(() => running.stop(0))
  const asked = ['/validate?timeout=5s', '/self-test?timeout=5s'].map(path =>
    ask(running.webhook + path, REVIEW, { ca })
  )
  await sleep(0)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500)
  asked.push(ask(`${running.webhook}/self-test`, REVIEW, { ca }))
  t.same(
    (await Promise.all(asked)).map(({ status }) => status),
    [200, 200, 200]
  )
})

t.test('request without Content-Length is not observed', async t => {
  const running = await start(64)
  t.teardown(() => running.stop(0))
  await ask(`${running.webhook}/validate`, REVIEW, { ca, chunked: true })
  t.ok((await metricsOf(running)).includes('mesh_guard_request_body_bytes_count 0'))
})

t.test('graceful shutdown under load fails no request', async t => {
  const running = await start(64)
  let isSending = true
  const statuses: number[] = []
  const connections: unknown[] = []
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (isSending) {
      const { status, headers } = await ask(`${running.webhook}/validate?timeout=5s`, REVIEW, { ca, agent })
      statuses.push(status)
      connections.push(headers['connection'])
    }
    agent.destroy()
  }
  const clients = Promise.all(Array.from({ length: 8 }, client))
  await waitUntil('they are at it', () => statuses.length > 100)
  const before = statuses.length
  const stopped = running.stop(1_000)
  t.equal((await fetch(`${running.health}/readyz`)).status, 503, 'immediately')
  // Endpoints are removed, and clients notice, some time later.
  await sleep(500)
  isSending = false
  await clients
  await stopped
  t.same(new Set(statuses), new Set([200]))
  t.ok(statuses.length > before)
  t.equal(connections.at(0), 'keep-alive')
  t.equal(connections.at(-1), 'close')
})
