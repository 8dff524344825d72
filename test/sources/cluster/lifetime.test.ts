/** From the start to the end, and whoever else is around. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Fault, refuse, toEvent } from '../../support/api-server.ts'
import { on, refusing } from '../../support/fault.ts'
import { until } from '../../support/wait-until.ts'
import {
  IMPATIENT,
  KIND,
  POLICIES,
  policy,
  startWithPolicies,
  type WatchOptions,
  watch
} from '../../support/watch-harness.ts'

const strays: unknown[] = []
process.on('unhandledRejection', stray => strays.push(stray))
t.teardown(() => {
  if (strays.length > 0) throw new Error(`${strays.length} unhandled rejections: ${strays}`)
})

t.test('it waits as long as the server asks, but not for ever', async t => {
  for (const [seconds, least, most] of [
    ['1', 1, 1],
    // Taken at its word, this would be no pause at all: timers know of no such time.
    ['99999999', 1, 1]
  ] as const) {
    const api = await startWithPolicies(t)
    api.fault = refusing('list', 429, { 'retry-after': seconds })
    const watched = await watch(t, api)
    await until('it was told', () => watched.evidence().why.includes('429'))
    await sleep(600)
    t.ok(watched.asked().length >= least && watched.asked().length <= most, `asked for ${seconds} s`)
    api.fault = undefined
    if (seconds === '1') await watched.settle()
  }
})

t.test('it stops at once, whatever it is doing, and asks no more', async t => {
  const hang: Fault = () => true
  for (const [name, timing, fault] of [
    ['while it watches', {}, undefined],
    ['while it lists', {}, hang],
    ['while it lists, in the middle of it', {}, on('list', (_, response) => response.writeHead(200).write('{'))],
    ['while it opens a watch', {}, on('watch', () => {})],
    [
      'while it pauses',
      { minBackoffMs: 60_000, maxBackoffMs: 60_000 },
      (_: URL, response: Parameters<Fault>[1]) => !!response.destroy()
    ]
  ] as const satisfies readonly (readonly [string, WatchOptions['timing'], Fault | undefined])[]) {
    const api = await startWithPolicies(t)
    api.fault = fault
    const { source, asked } = await watch(t, api, { timing })
    await until(name, () => asked().length >= 1)
    await sleep(50)
    const startedMs = performance.now()
    await Promise.all([source.close(), source.close()])
    t.ok(performance.now() - startedMs < 500, name)
    // What is on its way may still arrive.
    await sleep(100)
    await until('all connections are closed', () => api.connections() === 0)
    const before = api.requests.length
    await sleep(100)
    t.equal(api.requests.length, before, 'and asks no more')
  }
})

t.test('two that watch the same server are none of each other’s business', async t => {
  const api = await startWithPolicies(t)
  const [one, other] = [await watch(t, api), await watch(t, api)]
  await Promise.all([one.settle(), other.settle()])
  await one.source.close()
  api.put(POLICIES, policy('c'))
  await other.settle()
  t.same(one.known(), ['a STRICT', 'b STRICT'])
})

t.test('those who are told cannot stop it', async t => {
  const api = await startWithPolicies(t)
  const fail = () => {
    throw new Error('the log is full')
  }
  const watched = await watch(t, api, { onParseError: fail, onHealthChange: fail })
  await until('it watches', () => api.openWatches(POLICIES) === 1)
  api.put(POLICIES, policy('broken', 5))
  api.remove(POLICIES, 'broken/default')
  api.put(POLICIES, policy('c'))
  await watched.settle()
  t.equal(watched.evidence().health, 'synced')
})

t.test('a clock that jumps changes nothing', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api, { graceMs: 1_000 })
  await watched.following()
  const { now } = Date
  t.teardown(() => {
    Date.now = now
  })
  for (const hours of [1, -2]) {
    const asked = api.requests.length
    Date.now = () => now() + hours * 3_600_000
    await sleep(300)
    t.equal(api.requests.length, asked, 'nothing is asked')
    t.ok(watched.evidence().stalenessMs < 1_000, 'nothing grew old')
    t.equal(watched.source.current().unreadable.size, 0)
  }
  api.reset()
  api.put(POLICIES, policy('c'))
  await watched.settle()
})

t.test('evidence grows old until the server gives a sign of life', async t => {
  const api = await startWithPolicies(t)
  api.fault = on('watch', (request, response) => {
    const resourceVersion = request.searchParams.get('resourceVersion')
    response.writeHead(200).write(toEvent('BOOKMARK', { metadata: { resourceVersion } }))
  })
  const watched = await watch(t, api)
  await until('it watches', () => watched.asked().length === 2)
  await sleep(300)
  const { stalenessMs } = watched.evidence()
  t.ok(stalenessMs > 250, `${stalenessMs} ms`)
  t.match((await watched.readiness()).line, /: synced, 2 objects, last synced \d+\.\d s ago$/)
})

t.test('a character that comes in pieces', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await watched.following()
  const object = policy('c')
  api.fault = on('watch', async (_request, response) => {
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
  await watched.settle()
  t.equal(watched.source.current().get(KIND, 'c', 'default')?.annotations['note'], 'Grüße, 你好 😀')
  t.equal(watched.evidence().counters.relists, 0)
})

t.test('all at once', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api, { timing: IMPATIENT })
  await watched.following()
  const any = <T>(all: readonly [T, ...T[]]): T => all[Math.floor(Math.random() * all.length)] ?? all[0]
  const faults: readonly [Fault, ...Fault[]] = [
    () => false,
    () => true,
    (_, response) => !!response.destroy(),
    (_, response) => {
      refuse(response, any([401, 403, 404, 410, 429, 500, 502, 503, 504]))
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
      api.reset,
      api.compact,
      () => api.say(POLICIES, any(['\n', '{}\n', '{"type":']))
    ])()
    await sleep(20)
  }
  api.put(POLICIES, policy('last'))
  const asked = watched.asked().length
  t.ok(asked < 300, `${asked} requests`)
  api.fault = undefined
  t.comment(`well again after ${Math.round(await watched.settle())} ms`)
})
