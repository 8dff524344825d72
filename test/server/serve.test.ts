import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { pino } from 'pino'
import t from 'tap'
import { parseConfig } from '../../src/config.ts'
import { makeCertificate } from '../../src/controller/dev-certificate.ts'
import type { Evaluator } from '../../src/evaluator/evaluator.ts'
import { type RunningServer, serve } from '../../src/server/serve.ts'
import { type KindHealth, type WatchCounters, ZERO_COUNTERS } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { evaluatorOf } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'

const { ca, ...keyPair } = await makeCertificate(['localhost', '127.0.0.1'])
const config = parseConfig('server: { port: 0, healthPort: 0 }', 'test')
const logger = pino({ level: 'silent' })

async function start(health?: Evaluator['health']): Promise<RunningServer> {
  const evaluator = await evaluatorOf(staticSource(stockWith()))
  const seen = health === undefined ? evaluator : { ...evaluator, health }
  return serve({ config, evaluator: seen, keyPair, ownNamespace: undefined, logger })
}

interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

function post(running: RunningServer, body: string, type = 'application/json'): Promise<Response> {
  return new Promise((resolve, reject) => {
    const url = new URL('/validate', running.webhook)
    const options = { method: 'POST', ca, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) } }
    const sent = request(url, options, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const review = (object: unknown) =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group: '', version: 'v1', kind: 'Namespace' },
      operation: 'CREATE',
      object
    }
  })
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }

t.test('invalid requests get a clear error, and the server keeps running', async t => {
  const running = await start()
  t.teardown(() => running.stop(0))
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
  for (const [name, body, status, text] of [
    ['a review', review(NAMESPACE), 200, /"allowed":true/],
    ['not JSON', '{', 400, /JSON/],
    ['nothing', '', 400, /empty/],
    ['another kind', '{"kind":"Pod"}', 400, /not an AdmissionReview/],
    ['9 MiB', review({ ...NAMESPACE, data: 'x'.repeat(9 * 1024 * 1024) }), 413, /too large/],
    ['8 MiB less a bit', review({ ...NAMESPACE, data: 'x'.repeat(8 * 1024 * 1024 - 1000) }), 200, /"allowed":true/],
    ['deep nesting', review({ ...NAMESPACE, spec: 'DEEP' }).replace('"DEEP"', deep), 200, /"allowed":true/],
    [
      'prototype keys',
      review(NAMESPACE).replace('"metadata":{', '"metadata":{"labels":{"__proto__":"x","constructor":"y"},'),
      200,
      /"allowed":true/
    ],
    [
      'prototype keys in the review',
      review(NAMESPACE).replace('{"apiVersion"', '{"__proto__":{"request":1},"apiVersion"'),
      200,
      /"allowed":true/
    ]
  ] as const) {
    const response = await post(running, body)
    t.equal(response.status, status, name)
    t.match(response.text, text, name)
  }
  t.equal((await post(running, 'x', 'text/plain')).status, 400, 'other content type')
  t.equal((await fetch(`${running.health}/livez`)).status, 200)
})

const TROUBLES: WatchCounters = {
  relists: 2,
  malformed: 3,
  errors: new Map([
    ['410', 4],
    ['malformed', 3]
  ])
}
const NEVER_LISTED: KindHealth = {
  kind: 'Gateway',
  health: 'starting',
  why: 'not listed yet',
  objects: 0,
  stalenessMs: Number.POSITIVE_INFINITY,
  counters: ZERO_COUNTERS
}

t.test('health and metrics', async t => {
  const kinds = new Map<KindHealth['kind'], KindHealth>([
    ['Pod', { kind: 'Pod', health: 'synced', why: '', objects: 3, stalenessMs: 1_234, counters: TROUBLES }],
    ['Gateway', NEVER_LISTED]
  ])
  const running = await start(() => [...kinds.values()])
  t.teardown(() => running.stop(0))
  const get = async (path: string) => {
    const response = await fetch(running.health + path)
    return { status: response.status, text: await response.text() }
  }
  t.same(await get('/livez'), { status: 200, text: 'ok\n' })
  const GATEWAY = 'Gateway: starting, 0 objects, never synced'
  t.same(await get('/readyz'), { status: 503, text: `${GATEWAY} (not listed yet)\nnot ready\n` })
  kinds.set('Gateway', { ...NEVER_LISTED, health: 'absent', why: '404', stalenessMs: 250 })
  t.same(await get('/readyz'), { status: 200, text: 'ready\n' })
  t.equal(
    (await get('/readyz?verbose')).text,
    `Pod: synced, 3 objects, last synced 1.2 s ago
Gateway: absent, 0 objects, last synced 0.3 s ago (404)
Istio in namespace istio-system (MutatingWebhookConfiguration istio-sidecar-injector)
Knative Serving 1.21.1 in namespace knative-serving (ValidatingWebhookConfiguration validation.webhook.serving.knative.dev)
KServe 0.20.0 in namespace kserve (MutatingWebhookConfiguration inferenceservice.serving.kserve.io)
ready
`
  )
  await post(running, review(NAMESPACE))
  const metrics = (await get('/metrics')).text
  t.match(metrics, 'mesh_guard_decisions_total{operation="CREATE",kind="Namespace",decision="allow"} 1')
  t.match(metrics, /^mesh_guard_ready 1$/m)
  t.match(metrics, 'mesh_guard_cache_objects{kind="Pod",state="synced"} 3')
})

t.test('stopping server is unready and still answers', async t => {
  const running = await start()
  const stopped = running.stop(1_500)
  await sleep(50)
  const ready = await fetch(`${running.health}/readyz`)
  t.equal(ready.status, 503)
  t.match(await ready.text(), 'stopping')
  const response = await post(running, review(NAMESPACE))
  t.equal(response.status, 200)
  t.equal(response.headers['connection'], 'close')
  await stopped
  await t.rejects(post(running, review(NAMESPACE)), { code: 'ECONNREFUSED' })
})

t.test('idle keep-alive connection does not delay shutdown', async t => {
  const running = await start()
  await fetch(`${running.health}/livez`)
  const started = Date.now()
  await running.stop(0)
  t.ok(Date.now() - started < 5000)
})

t.test('unfinished request delays shutdown only up to the timeout', async t => {
  const plain = (port: string) => connect(Number(port), '127.0.0.1')
  const tls = (port: string) => connectTls(Number(port), '127.0.0.1', { ca })
  const rows: Readonly<Record<string, (ports: { readonly webhook: string; readonly health: string }) => Socket>> = {
    'it asks nothing in plain HTTP': ({ health }) => plain(health),
    'it does not shake hands': ({ webhook }) => plain(webhook),
    'it asks nothing by TLS': ({ webhook }) => tls(webhook),
    'it asks half of a question': ({ webhook }) => {
      const socket = tls(webhook)
      socket.write('POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{')
      return socket
    }
  }
  await Promise.all(
    Object.entries(rows).map(async ([name, open]) => {
      const running = await start()
      const socket = open({ webhook: new URL(running.webhook).port, health: new URL(running.health).port })
      socket.on('error', () => {}).resume()
      await sleep(300)
      const started = Date.now()
      await running.stop(0)
      t.ok(Date.now() - started < 10_000, name)
    })
  )
})
