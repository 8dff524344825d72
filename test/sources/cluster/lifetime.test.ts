/** Start, close and concurrent use. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Fault, sendStatus, toEvent } from '../../support/api-server.ts'
import { onRequest, respondWithStatus } from '../../support/fault.ts'
import { waitUntil } from '../../support/wait-until.ts'
import {
  KIND,
  POLICIES,
  policy,
  SHORT_IDLE_TIMEOUTS,
  startWithPolicies,
  type WatchOptions,
  watch
} from '../../support/watch-harness.ts'

const unhandled: unknown[] = []
process.on('unhandledRejection', error => unhandled.push(error))
t.teardown(() => {
  if (unhandled.length > 0) throw new Error(`${unhandled.length} unhandled rejections: ${unhandled}`)
})

t.test('Retry-After is honored up to the maximum', async t => {
  for (const [seconds, least, most] of [
    ['1', 1, 1],
    // A timer with this delay would fire immediately.
    ['99999999', 1, 1]
  ] as const) {
    const api = await startWithPolicies(t)
    api.fault = respondWithStatus('list', 429, { 'retry-after': seconds })
    const watched = await watch(t, api)
    await waitUntil('the error is reported', () => watched.health().why.includes('429'))
    await sleep(600)
    t.ok(watched.requests().length >= least && watched.requests().length <= most, `Retry-After ${seconds} s`)
    api.fault = undefined
    if (seconds === '1') await watched.waitForSync()
  }
})

t.test('close stops immediately and sends no further request', async t => {
  const hang: Fault = () => true
  for (const [name, timing, fault] of [
    ['during a watch', {}, undefined],
    ['during a list', {}, hang],
    ['during the response of a list', {}, onRequest('list', (_, response) => response.writeHead(200).write('{'))],
    ['while a watch opens', {}, onRequest('watch', () => {})],
    [
      'during backoff',
      { minBackoffMs: 60_000, maxBackoffMs: 60_000 },
      (_: URL, response: Parameters<Fault>[1]) => !!response.destroy()
    ]
  ] as const satisfies readonly (readonly [string, WatchOptions['timing'], Fault | undefined])[]) {
    const api = await startWithPolicies(t)
    api.fault = fault
    const { source, requests } = await watch(t, api, { timing })
    await waitUntil(name, () => requests().length >= 1)
    await sleep(50)
    const startedMs = performance.now()
    await Promise.all([source.close(), source.close()])
    t.ok(performance.now() - startedMs < 500, name)
    // A request that is in flight may still arrive.
    await sleep(100)
    await waitUntil('all connections are closed', () => api.connections() === 0)
    const before = api.requests.length
    await sleep(100)
    t.equal(api.requests.length, before, 'no further request')
  }
})

t.test('two caches of one server are independent', async t => {
  const api = await startWithPolicies(t)
  const [one, other] = [await watch(t, api), await watch(t, api)]
  await Promise.all([one.waitForSync(), other.waitForSync()])
  await one.source.close()
  api.put(POLICIES, policy('c'))
  await other.waitForSync()
  t.same(one.cachedPolicies(), ['a STRICT', 'b STRICT'])
})

t.test('a callback that throws does not stop the reflector', async t => {
  const api = await startWithPolicies(t)
  const fail = () => {
    throw new Error('the log is full')
  }
  const watched = await watch(t, api, { onParseError: fail, onHealthChange: fail })
  await waitUntil('the watch is open', () => api.openWatches(POLICIES) === 1)
  api.put(POLICIES, policy('broken', 5))
  api.remove(POLICIES, 'broken/default')
  api.put(POLICIES, policy('c'))
  await watched.waitForSync()
  t.equal(watched.health().health, 'synced')
})

t.test('a change of the system clock has no effect', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api, { graceMs: 1_000 })
  await watched.waitForWatches()
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  for (const hours of [1, -2]) {
    const before = api.requests.length
    Date.now = () => now() + hours * 3_600_000
    await sleep(300)
    t.equal(api.requests.length, before, 'no request is sent')
    t.ok(watched.health().stalenessMs < 1_000, 'staleness does not change')
    t.equal(watched.source.current().unreadable.size, 0)
  }
  api.resetConnections()
  api.put(POLICIES, policy('c'))
  await watched.waitForSync()
})

t.test('staleness grows until the next event or bookmark', async t => {
  const api = await startWithPolicies(t)
  api.fault = onRequest('watch', (request, response) => {
    const resourceVersion = request.searchParams.get('resourceVersion')
    response.writeHead(200).write(toEvent('BOOKMARK', { metadata: { resourceVersion } }))
  })
  const watched = await watch(t, api)
  await waitUntil('the watch is open', () => watched.requests().length === 2)
  await sleep(300)
  const { stalenessMs } = watched.health()
  t.ok(stalenessMs > 250, `${stalenessMs} ms`)
  t.match((await watched.readiness()).line, /: synced, 2 objects, last synced \d+\.\d s ago$/)
})

t.test('a multi-byte character may be split between chunks', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await watched.waitForWatches()
  const object = policy('c')
  api.fault = onRequest('watch', async (_request, response) => {
    api.fault = undefined
    const [stored] = api.objects(POLICIES).filter(({ metadata }) => metadata.namespace === 'c')
    response.writeHead(200)
    for (const byte of Buffer.from(toEvent('ADDED', stored ?? {}))) {
      response.write(Buffer.from([byte]))
      if (byte > 127) await sleep(2)
    }
    response.end()
  })
  api.endWatches(POLICIES)
  api.put(POLICIES, { ...object, metadata: { ...object.metadata, annotations: { note: 'Grüße, 你好 😀' } } })
  await watched.waitForSync()
  t.equal(watched.source.current().get(KIND, 'c', 'default')?.annotations['note'], 'Grüße, 你好 😀')
  t.equal(watched.health().counters.relists, 0)
})

t.test('all faults at random', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api, { timing: SHORT_IDLE_TIMEOUTS })
  await watched.waitForWatches()
  const any = <T>(all: readonly [T, ...T[]]): T => all[Math.floor(Math.random() * all.length)] ?? all[0]
  const faults: readonly [Fault, ...Fault[]] = [
    () => false,
    () => true,
    (_, response) => !!response.destroy(),
    (_, response) => {
      sendStatus(response, any([401, 403, 404, 410, 429, 500, 502, 503, 504]))
      return true
    },
    (_, response) => !!response.writeHead(200).end(any(['', '{', 'null', '{"type":"ERROR","object":{"code":410}}'])),
    (_, response) => !!response.writeHead(200).write('{"type":"ADD')
  ]
  api.fault = (request, response, message) => any(faults)(request, response, message)
  const endMs = performance.now() + 1_500
  for (let i = 0; performance.now() < endMs; i++) {
    any([
      () => api.put(POLICIES, policy(`n${i % 7}`, any(['STRICT', 'DISABLE']))),
      api.endWatches,
      api.resetConnections,
      api.compact,
      () => api.writeToWatches(POLICIES, any(['\n', '{}\n', '{"type":']))
    ])()
    await sleep(20)
  }
  api.put(POLICIES, policy('last'))
  const count = watched.requests().length
  t.ok(count < 300, `${count} requests`)
  api.fault = undefined
  t.comment(`synced again after ${Math.round(await watched.waitForSync())} ms`)
})
