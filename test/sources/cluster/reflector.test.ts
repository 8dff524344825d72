import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Health, reflect, type Timing } from '../../../src/sources/cluster/reflector.ts'
import { connect } from '../../../src/sources/cluster/transport.ts'
import { type ApiServer, type Fault, type Stored, startApiServer, toEvent } from '../../support/api-server.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'
import { until } from '../../support/until.ts'

type Test = Pick<typeof t, 'teardown' | 'testdir'>

const PODS = '/api/v1/pods'
const TIMING: Timing = { minPauseMs: 10, maxPauseMs: 40, idleMs: 10_000, watchSeconds: 300 }

interface Kept {
  readonly api: ApiServer
  /** Names of what is known. */
  readonly names: () => readonly string[]
  /** Each change of health, oldest first. */
  readonly healths: readonly Health[]
  readonly why: () => string
  readonly stop: () => Promise<void>
}

/** Keeps the pods of a server that has one, `a`. */
async function keep(t: Test, timing: Partial<Timing> = {}, fault?: Fault): Promise<Kept> {
  const api = await startApiServer()
  api.serve(PODS, { apiVersion: 'v1', kind: 'Pod' })
  api.put(PODS, { metadata: { name: 'a' } })
  api.fault = fault
  const known = new Map<string, unknown>()
  const healths: Health[] = []
  let reason = ''
  const nameOf = (object: unknown) => (object as Stored).metadata.name
  const stop = new AbortController()
  const running = reflect({
    transport: await connect({ file: join(t.testdir({ config: kubeconfig(api.url) }), 'config') }),
    path: PODS,
    signal: stop.signal,
    timing: { ...TIMING, ...timing },
    listener: {
      replace: objects => {
        known.clear()
        for (const object of objects) known.set(nameOf(object), object)
      },
      put: object => known.set(nameOf(object), object),
      remove: object => known.delete(nameOf(object)),
      health: (health, why) => {
        reason = why
        if (healths.at(-1) !== health) healths.push(health)
      }
    }
  })
  const end = async () => {
    stop.abort()
    await running
  }
  t.teardown(async () => {
    await end()
    await api.close()
  })
  return { api, names: () => [...known.keys()].sort(), healths, why: () => reason, stop: end }
}

const isWatch = (request: URL) => request.searchParams.has('watch')
const watches = ({ api }: Kept) => api.requests.filter(request => request.includes('watch'))
const lists = ({ api }: Kept) => api.requests.filter(request => !request.includes('watch'))

t.test('it lists, and follows', async t => {
  const kept = await keep(t)
  await until('a watch stands', () => kept.api.openWatches() === 1)
  t.same(kept.names(), ['a'])
  t.same(kept.healths, ['synced'])
  kept.api.put(PODS, { metadata: { name: 'b' } })
  await until('b is there', () => kept.names().includes('b'))
  kept.api.put(PODS, { metadata: { name: 'b', labels: {} } })
  kept.api.remove(PODS, 'a')
  await until('a is gone', () => !kept.names().includes('a'))
  kept.api.endWatches()
  await until('a new watch stands', () => watches(kept).length === 2 && kept.api.openWatches() === 1)
  t.match(watches(kept)[1], 'resourceVersion=5', 'it goes on where the last one ended')
  t.equal(lists(kept).length, 1)
})

t.test('long lists come in pages', async t => {
  const kept = await keep(t, {}, (request, response) => {
    if (request.searchParams.has('watch')) return false
    for (let i = 0; i < 1200; i++) kept.api.put(PODS, { metadata: { name: `pod-${i}` } })
    kept.api.fault = undefined
    response.destroy()
    return true
  })
  await until('all are there', () => kept.names().length === 1201)
  t.equal(lists(kept).length, 4, 'the one that broke, and three pages')
})

t.test('what goes wrong with a list is told, and tried again', async t => {
  for (const [name, health, answer] of [
    ['there is no such kind', 'absent', (_: URL, response) => response.writeHead(404).end()],
    ['we may not', 'forbidden', (_: URL, response) => response.writeHead(403).end()],
    ['the server is ill', 'stale', (_: URL, response) => response.writeHead(500).end()],
    ['the server hangs up', 'stale', (_: URL, response) => response.destroy()],
    ['the answer is no JSON', 'stale', (_: URL, response) => response.writeHead(200).end('<html>')],
    ['the answer is no list', 'stale', (_: URL, response) => response.writeHead(200).end('{}')]
  ] as const satisfies readonly (readonly [string, Health, (...args: Parameters<Fault>) => unknown])[]) {
    const kept = await keep(t, {}, (...args) => {
      answer(args[0], args[1])
      return true
    })
    await until('it was tried thrice', () => kept.api.requests.length >= 3)
    t.same(kept.healths, [health], name)
    t.not(kept.why(), '', 'there is a reason')
    kept.api.fault = undefined
    await until('it is well again', () => kept.healths.at(-1) === 'synced')
    t.same(kept.names(), ['a'])
  }
})

t.test('a watch that is lost is told, and goes on without a new list', async t => {
  const kept = await keep(t, {}, (request, response) => {
    if (!isWatch(request)) return false
    response.writeHead(500).end('ill')
    return true
  })
  await until('it is stale', () => kept.healths.at(-1) === 'stale')
  t.match(kept.why(), /500 ill/)
  kept.api.fault = undefined
  await until('it is well again', () => kept.healths.at(-1) === 'synced')
  t.equal(lists(kept).length, 1)
})

t.test('when the thread is lost it begins anew', async t => {
  for (const [name, line] of [
    ['the version is too old, as an event', toEvent('ERROR', { kind: 'Status', code: 410, message: 'too old' })],
    ['an error without a word', toEvent('ERROR', {})],
    ['a line that is no JSON', '{"type":\n'],
    ['an event of no type that we know', toEvent('RENAMED', { metadata: { name: 'x' } })]
  ] as const) {
    const kept = await keep(t, {}, (request, response) => {
      if (!isWatch(request)) return false
      kept.api.fault = undefined
      kept.api.remove(PODS, 'a')
      kept.api.put(PODS, { metadata: { name: 'b' } })
      response.writeHead(200).end(line)
      return true
    })
    await until(`${name}: a new list`, () => lists(kept).length === 2 && kept.names().includes('b'))
    t.same(kept.names(), ['b'], name)
  }
  const kept = await keep(t, {}, (request, response) => {
    if (!isWatch(request)) return false
    kept.api.fault = undefined
    response.writeHead(410).end()
    return true
  })
  await until('the version is too old, as a status: a new list', () => lists(kept).length === 2)
  t.same(kept.names(), ['a'])
})

t.test('an event without a version leaves the position as it is', async t => {
  const kept = await keep(t, {}, (request, response) => {
    if (!isWatch(request)) return false
    kept.api.fault = undefined
    response.writeHead(200).end(toEvent('BOOKMARK', {}))
    return true
  })
  await until('a second watch', () => watches(kept).length === 2)
  t.match(watches(kept)[1], 'resourceVersion=2')
})

t.test('a connection without a word is a lost one', async t => {
  const kept = await keep(t, { idleMs: 50 }, (request, response) => {
    if (isWatch(request)) response.writeHead(200).write(toEvent('BOOKMARK', { metadata: { resourceVersion: '7' } }))
    return isWatch(request)
  })
  await until('a second watch', () => watches(kept).length >= 2)
  t.ok(kept.healths.includes('stale'))
  t.match(watches(kept)[1], 'resourceVersion=7')
})

t.test('a server that ends each watch at once makes no hot loop', async t => {
  const kept = await keep(t, { minPauseMs: 20, maxPauseMs: 80 }, (request, response) => {
    if (isWatch(request)) response.writeHead(200).end()
    return isWatch(request)
  })
  await sleep(400)
  t.ok(watches(kept).length >= 3 && watches(kept).length <= 15, `${watches(kept).length} watches`)
})

t.test('it waits as long as the server asks', async t => {
  const kept = await keep(t, {}, (_request, response) => {
    response.writeHead(429, { 'retry-after': '1' }).end()
    return true
  })
  await until('it was asked', () => kept.api.requests.length === 1)
  await sleep(600)
  t.equal(kept.api.requests.length, 1)
  await until('it has asked again', () => kept.api.requests.length === 2)
})

t.test('it stops at once, whatever it is doing', async t => {
  const hang: Fault = () => true
  for (const [name, timing, fault] of [
    ['while it watches', {}, undefined],
    ['while it lists', {}, hang],
    ['while it opens a watch', {}, isWatch],
    ['while it pauses', { minPauseMs: 60_000, maxPauseMs: 60_000 }, (_: URL, response) => !!response.destroy()]
  ] as const satisfies readonly (readonly [string, Partial<Timing>, Fault | undefined])[]) {
    const kept = await keep(t, timing, fault)
    await until(name, () => kept.api.requests.length >= 1)
    await sleep(50)
    const started = performance.now()
    await kept.stop()
    t.ok(performance.now() - started < 500, name)
    const asked = kept.api.requests.length
    await sleep(50)
    t.equal(kept.api.requests.length, asked, 'and asks no more')
  }
})
