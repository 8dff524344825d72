import t from 'tap'
import { canAcquire, type Lease, observeLease, runWhileLeader } from '../../src/controller/leader-election.ts'
import { type TestClock, testClock } from '../support/clock.ts'
import { apiClientFor, installed, LEASE, logged } from '../support/controller.ts'
import type { WritableCluster } from '../support/writable-cluster.ts'

const lease = (spec: Lease['spec']): Lease => ({ metadata: { resourceVersion: '1' }, spec })
const held = lease({ holderIdentity: 'other', leaseDurationSeconds: 15 })

t.test('when a Lease is free', async t => {
  for (const [what, found, afterMs, free] of [
    ['a new one', lease({}), 0, true],
    ['one without holder', lease({ holderIdentity: '' }), 0, true],
    ['our own', lease({ holderIdentity: 'me', leaseDurationSeconds: 15 }), 0, true],
    ["another's", held, 14_999, false],
    ["another's that has not been renewed", held, 15_000, true],
    ["another's that says nothing of time", lease({ holderIdentity: 'other' }), 0, true]
  ] as const) {
    t.equal(canAcquire(found, observeLease(undefined, found, 0), 'me', afterMs), free, what)
  }
})

t.test('each version renews it', async t => {
  const seen = observeLease(undefined, held, 1_000)
  t.equal(observeLease(seen, held, 9_000), seen)
  t.match(observeLease(seen, { ...held, metadata: { resourceVersion: '2' } }, 9_000), { sinceMs: 9_000 })
})

interface Replica {
  readonly name: string
  /** What it did: `+` begins to runWhileLeader, `-` ends. */
  readonly did: string[]
  readonly stop: AbortController
  readonly running: Promise<void>
  readonly said: readonly string[]
}

function replica(cluster: WritableCluster, clock: TestClock, name: string, everybody: string[]): Replica {
  const { log, said } = logged()
  const stop = new AbortController()
  const work = (signal: AbortSignal) => {
    everybody.push(`+${name}`)
    return new Promise<void>(resolve => {
      signal.addEventListener('abort', () => {
        everybody.push(`-${name}`)
        resolve()
      })
    })
  }
  const options = { api: apiClientFor(cluster), path: LEASE, identity: name, log, signal: stop.signal, clock }
  return { name, did: everybody, stop, running: runWhileLeader(options, work), said }
}

const holder = (cluster: WritableCluster) => (cluster.get(LEASE)['spec'] as Lease['spec']).holderIdentity

t.test('one leads; when it stops, another does, at once', async t => {
  const cluster = installed()
  const clock = testClock()
  const did: string[] = []
  const a = replica(cluster, clock, 'a', did)
  await clock.pass(0)
  const b = replica(cluster, clock, 'b', did)
  await clock.pass(3_600_000)
  t.same(did, ['+a'])
  t.match(cluster.get(LEASE)['spec'], {
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    leaseTransitions: 1,
    renewTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/
  })
  a.stop.abort()
  await a.running
  t.equal(holder(cluster), undefined, 'the Lease is given back')
  await clock.pass(5_000)
  t.same(did, ['+a', '-a', '+b'])
  t.match(cluster.get(LEASE)['spec'], { holderIdentity: 'b', leaseTransitions: 2 })
  b.stop.abort()
  await b.running
  t.same(a.said, ['info became leader', 'info stopped leading'])
})

t.test('one that cannot renew ends before another begins', async t => {
  const cluster = installed()
  const clock = testClock()
  const did: string[] = []
  const a = replica(cluster, clock, 'a', did)
  await clock.pass(0)
  // The cable of a is cut: its requests come to nothing, those of b do not.
  let cut = true
  const { transport } = cluster
  const severed = {
    ...cluster,
    transport: {
      ...transport,
      get: async (...args: Parameters<typeof transport.get>) => {
        if (cut) throw new Error('ETIMEDOUT')
        return transport.get(...args)
      }
    }
  }
  const c = replica(severed, clock, 'c', did)
  const b = replica(cluster, clock, 'b', did)
  await clock.pass(1_000)
  cluster.put(LEASE, { metadata: { name: 'a' }, spec: { ...held.spec, holderIdentity: 'c' } })
  await clock.pass(5_000)
  t.same(did, ['+a', '-a'], 'somebody else isActive it')
  await clock.pass(60_000)
  cut = false
  a.stop.abort()
  b.stop.abort()
  await Promise.all([a.running, b.running])
  await clock.pass(5_000)
  t.equal(did.at(-1), '+c')
  cut = true
  const renewedMs = clock.now()
  while (did.at(-1) !== '-c') await clock.pass(100)
  t.ok(clock.now() - renewedMs < 15_000, 'it ends while its Lease still lasts')
  t.match(c.said, ['warn acquiring the Lease failed ETIMEDOUT', 'info became leader', 'info lost the Lease'])
  c.stop.abort()
  await c.running
})

t.test('one request that fails is no loss', async t => {
  const cluster = installed()
  const clock = testClock()
  const did: string[] = []
  const a = replica(cluster, clock, 'a', did)
  await clock.pass(0)
  for (let minute = 0; minute < 5; minute++) {
    let failures = 1
    cluster.fault = () => {
      if (failures-- > 0) throw new Error('ECONNRESET')
      return undefined
    }
    await clock.pass(60_000)
  }
  t.same(did, ['+a'])
  a.stop.abort()
  await a.running
})

t.test('the date may jump', async t => {
  const cluster = installed()
  const clock = testClock()
  const did: string[] = []
  const replicas = ['a', 'b'].map(name => replica(cluster, clock, name, did))
  for (const hours of [0, 1, -1, 24 * 365, -24 * 365]) {
    clock.setDate(Date.now() + hours * 3_600_000)
    await clock.pass(60_000)
  }
  t.equal(did.length, 1)
  for (const { stop } of replicas) stop.abort()
  await Promise.all(replicas.map(({ running }) => running))
})

t.test('work that fails gives the Lease back, and begins anew', async t => {
  const cluster = installed()
  const clock = testClock()
  const { log, said } = logged()
  const stop = new AbortController()
  let begun = 0
  const options = { api: apiClientFor(cluster), path: LEASE, identity: 'a', log, signal: stop.signal, clock }
  const running = runWhileLeader(options, async () => {
    begun++
    throw new Error('what?')
  })
  await clock.pass(1_000)
  t.equal(holder(cluster), undefined)
  await clock.pass(5_000)
  t.equal(begun, 2)
  cluster.fault = () => {
    throw new Error('ECONNREFUSED')
  }
  await clock.pass(20_000)
  stop.abort()
  await running
  t.match(said.slice(0, 3), ['info became leader', 'error leader task failed', 'info stopped leading'])
})

t.test('a Lease that another has by the time of giving it back is left alone', async t => {
  const cluster = installed()
  const clock = testClock()
  const did: string[] = []
  const a = replica(cluster, clock, 'a', did)
  await clock.pass(0)
  cluster.put(LEASE, held)
  a.stop.abort()
  await a.running
  t.equal(holder(cluster), 'other')
})
