import t from 'tap'
import { canAcquire, type Lease, observeLease, runWhileLeader } from '../../src/controller/leader-election.ts'
import { type TestClock, testClock } from '../support/clock.ts'
import { apiClientFor, installedCluster, LEASE, recordingLogger } from '../support/controller.ts'
import type { WritableCluster } from '../support/writable-cluster.ts'

const lease = (spec: Lease['spec']): Lease => ({ metadata: { resourceVersion: '1' }, spec })
const held = lease({ holderIdentity: 'other', leaseDurationSeconds: 15 })

t.test('Lease can be acquired if it is own, without a holder, or expired', async t => {
  for (const [what, found, afterMs, free] of [
    ['new', lease({}), 0, true],
    ['without holder', lease({ holderIdentity: '' }), 0, true],
    ['own', lease({ holderIdentity: 'me', leaseDurationSeconds: 15 }), 0, true],
    ['held', held, 14_999, false],
    ['expired', held, 15_000, true],
    ['held without a duration', lease({ holderIdentity: 'other' }), 0, true]
  ] as const) {
    t.equal(canAcquire(found, observeLease(undefined, found, 0), 'me', afterMs), free, what)
  }
})

t.test('new resourceVersion restarts the lease duration', async t => {
  const seen = observeLease(undefined, held, 1_000)
  t.equal(observeLease(seen, held, 9_000), seen)
  t.match(observeLease(seen, { ...held, metadata: { resourceVersion: '2' } }, 9_000), { sinceMs: 9_000 })
})

interface Replica {
  readonly name: string
  /** Leadership changes of all replicas: `+` starts, `-` ends. */
  readonly did: string[]
  readonly stop: AbortController
  readonly running: Promise<void>
  readonly logLines: readonly string[]
}

function replica(cluster: WritableCluster, clock: TestClock, name: string, events: string[]): Replica {
  const { log, logLines } = recordingLogger()
  const stop = new AbortController()
  const work = (signal: AbortSignal) => {
    events.push(`+${name}`)
    return new Promise<void>(resolve => {
      signal.addEventListener('abort', () => {
        events.push(`-${name}`)
        resolve()
      })
    })
  }
  const options = { api: apiClientFor(cluster), path: LEASE, identity: name, log, signal: stop.signal, clock }
  return { name, did: events, stop, running: runWhileLeader(options, work), logLines }
}

const holder = (cluster: WritableCluster) => (cluster.get(LEASE)['spec'] as Lease['spec']).holderIdentity

t.test('one replica leads, and another takes over as soon as it stops', async t => {
  const cluster = installedCluster()
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
  t.equal(holder(cluster), undefined, 'Lease is released')
  await clock.pass(5_000)
  t.same(did, ['+a', '-a', '+b'])
  t.match(cluster.get(LEASE)['spec'], { holderIdentity: 'b', leaseTransitions: 2 })
  b.stop.abort()
  await b.running
  t.same(a.logLines, ['info became leader', 'info stopped leading'])
})

t.test('leader that cannot renew stops before another can acquire', async t => {
  const cluster = installedCluster()
  const clock = testClock()
  const did: string[] = []
  const a = replica(cluster, clock, 'a', did)
  await clock.pass(0)
  // Requests of c fail, those of other replicas do not.
  let isDown = true
  const { transport } = cluster
  const disconnected = {
    ...cluster,
    transport: {
      ...transport,
      get: async (...args: Parameters<typeof transport.get>) => {
        if (isDown) throw new Error('ETIMEDOUT')
        return transport.get(...args)
      }
    }
  }
  const c = replica(disconnected, clock, 'c', did)
  const b = replica(cluster, clock, 'b', did)
  await clock.pass(1_000)
  cluster.put(LEASE, { metadata: { name: 'a' }, spec: { ...held.spec, holderIdentity: 'c' } })
  await clock.pass(5_000)
  t.same(did, ['+a', '-a'], 'held by another replica')
  await clock.pass(60_000)
  isDown = false
  a.stop.abort()
  b.stop.abort()
  await Promise.all([a.running, b.running])
  await clock.pass(5_000)
  t.equal(did.at(-1), '+c')
  isDown = true
  const renewedMs = clock.now()
  while (did.at(-1) !== '-c') await clock.pass(100)
  t.ok(clock.now() - renewedMs < 15_000, 'stops before its Lease expires')
  t.match(c.logLines, ['warn acquiring the Lease failed ETIMEDOUT', 'info became leader', 'info lost the Lease'])
  c.stop.abort()
  await c.running
})

t.test('the renew deadline counts from the begin of a renewal, not from its end', async t => {
  const cluster = installedCluster()
  const clock = testClock()
  const did: string[] = []
  const { transport } = cluster
  let slowMs = 0
  let isDown = false
  const slow = {
    ...cluster,
    transport: {
      ...transport,
      get: async (...args: Parameters<typeof transport.get>) => {
        if (isDown) throw new Error('ETIMEDOUT')
        if (slowMs > 0) await clock.sleep(slowMs)
        return transport.get(...args)
      }
    }
  }
  const a = replica(slow, clock, 'a', did)
  await clock.pass(0)
  t.same(did, ['+a'])
  slowMs = 8_000
  // The next renewal begins after 4 s to 5 s and ends 8 s later.
  const beganMs = clock.now() + 4_000
  await clock.pass(13_100)
  isDown = true
  while (did.at(-1) !== '-a') await clock.pass(100)
  t.ok(clock.now() - beganMs < 15_000, 'stops before another replica can acquire the Lease')
  a.stop.abort()
  await a.running
})

t.test('single failed request does not end leadership', async t => {
  const cluster = installedCluster()
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

t.test('leadership does not depend on the wall clock', async t => {
  const cluster = installedCluster()
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

t.test('failed task releases the Lease and is started again', async t => {
  const cluster = installedCluster()
  const clock = testClock()
  const { log, logLines } = recordingLogger()
  const stop = new AbortController()
  let starts = 0
  const options = { api: apiClientFor(cluster), path: LEASE, identity: 'a', log, signal: stop.signal, clock }
  const running = runWhileLeader(options, async () => {
    starts++
    throw new Error('what?')
  })
  await clock.pass(1_000)
  t.equal(holder(cluster), undefined)
  await clock.pass(5_000)
  t.equal(starts, 2)
  cluster.fault = () => {
    throw new Error('ECONNREFUSED')
  }
  await clock.pass(20_000)
  stop.abort()
  await running
  t.match(logLines.slice(0, 3), ['info became leader', 'error leader task failed', 'info stopped leading'])
})

t.test('Lease of another holder is not released', async t => {
  const cluster = installedCluster()
  const clock = testClock()
  const did: string[] = []
  const a = replica(cluster, clock, 'a', did)
  await clock.pass(0)
  cluster.put(LEASE, held)
  a.stop.abort()
  await a.running
  t.equal(holder(cluster), 'other')
})
