import t from 'tap'
import { type Fault, sendStatus, startApiServer } from '../../support/api-server.ts'
import { pathOf } from '../../support/cluster.ts'
import { waitUntil } from '../../support/wait-until.ts'
import { KIND, POLICIES, policy, startWithPolicies, type WatchHarness, watch } from '../../support/watch-harness.ts'

const NAMESPACES = pathOf('Namespace')

const CORE = new Set(['Namespace', 'Service', 'ConfigMap', 'Pod'])

const onPolicies =
  (respond: Fault): Fault =>
  (request, ...rest) =>
    request.pathname === POLICIES && respond(request, ...rest)
const respondToAll = (status: number): Fault =>
  onPolicies((_request, response) => {
    sendStatus(response, status)
    return true
  })
const isWatching = ({ api }: WatchHarness) => api.openWatches(POLICIES) === 1

t.test('the snapshot follows the cluster', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  t.ok(watched.isUnreadable(), 'the kind is unreadable before the first list')
  t.match(watched.health(), {
    health: 'starting',
    why: 'not listed yet',
    objects: 0,
    stalenessMs: Number.POSITIVE_INFINITY
  })
  await waitUntil('all kinds are readable', () => watched.source.current().unreadable.size === 0)
  await waitUntil('all watches are open', () => api.openWatches() === watched.source.health().length)
  t.same(watched.cachedPolicies(), ['a STRICT', 'b STRICT'])
  t.match(watched.health(), { health: 'synced', why: '', objects: 2 })
  api.put(POLICIES, policy('c'))
  await waitUntil('policy c is cached', () => watched.cachedPolicies().includes('c STRICT'))
  api.put(POLICIES, policy('c', 'PERMISSIVE'))
  await watched.waitForSync()
  api.remove(POLICIES, 'a/default')
  await waitUntil('policy a is deleted', () => !watched.cachedPolicies().includes('a STRICT'))
  t.equal(watched.health().objects, 2)
})

t.test('the snapshot follows cluster-scoped kinds', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await watched.waitForWatches()
  const names = () =>
    watched.source
      .current()
      .list('Namespace')
      .map(({ name }) => name)
  api.put(NAMESPACES, { metadata: { name: 'x' } })
  api.put(NAMESPACES, { metadata: { name: 'y' } })
  await waitUntil('both are cached', () => String(names()) === 'x,y')
  api.remove(NAMESPACES, 'x')
  await waitUntil('one is deleted', () => String(names()) === 'y')
})

t.test('a watch resumes at the last resourceVersion without a relist', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await waitUntil('the watch is open', () => isWatching(watched))
  api.put(POLICIES, policy('c'))
  await watched.waitForSync()
  const { version } = /resourceVersion=(?<version>\d+)/.exec(watched.requests()[1] ?? '')?.groups ?? {}
  api.endWatches(POLICIES)
  await waitUntil('another watch starts', () => watched.requests().length === 3)
  t.match(watched.requests()[2], /watch=true&allowWatchBookmarks=true&resourceVersion=\d+&timeoutSeconds=300/)
  t.notMatch(watched.requests()[2], `resourceVersion=${version}&`)
})

t.test('an object that cannot be parsed is reported and removed', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await waitUntil('the watch is open', () => isWatching(watched))
  api.put(POLICIES, policy('a', 5))
  await waitUntil('the error is reported', () => watched.parseErrors.length === 1)
  t.match(watched.parseErrors[0], /^PeerAuthentication a\/default: spec\.mtls\.mode: /)
  t.same(watched.cachedPolicies(), ['b STRICT'])
  api.remove(POLICIES, 'a/default')
  api.put(POLICIES, policy('c'))
  await watched.waitForSync()
  t.equal(watched.health().objects, 2)
})

t.test('a kind that is not served has no objects', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await waitUntil('the watch is open', () => isWatching(watched))
  api.unserve(POLICIES)
  await waitUntil('health is absent', () => watched.healthHistory.at(-1) === 'absent')
  t.same(watched.cachedPolicies(), [])
  t.notOk(watched.isUnreadable())
  t.equal(watched.health().objects, 0)
})

t.test('a server without core kinds is not an API server', async t => {
  const api = await startApiServer()
  t.teardown(api.close)
  const { source } = await watch(t, api)
  await waitUntil('all other kinds are absent', () =>
    source.health().every(({ kind, health }) => CORE.has(kind) || health === 'absent')
  )
  t.same(new Set(source.current().unreadable.keys()), CORE)
  t.match(source.current().unreadable.get('Pod'), 'starting: /api/v1/pods: 404; not an API server')
})

t.test('the last-applied annotation of kubectl is dropped', async t => {
  const api = await startWithPolicies(t)
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'kept' }
  const object = policy('c')
  api.put(POLICIES, { ...object, metadata: { ...object.metadata, annotations } })
  const watched = await watch(t, api)
  await watched.waitForSync()
  t.same(watched.source.current().get(KIND, 'c', 'default')?.annotations, { note: 'kept' })
})

t.test('a forbidden kind is unreadable', async t => {
  const api = await startWithPolicies(t)
  api.fault = respondToAll(403)
  const watched = await watch(t, api, { graceMs: 60_000 })
  await waitUntil('health is forbidden', () => watched.healthHistory.at(-1) === 'forbidden')
  t.match(watched.source.current().unreadable.get(KIND), /^forbidden: .* 403/)
})

// An API server that restarts answers 403 until it has read its roles.
t.test('a kind that was synced is unreadable after the grace period', async t => {
  for (const [status, health, graceMs, isUnreadable] of [
    [500, 'stale', 60_000, false],
    [500, 'stale', 50, true],
    [403, 'forbidden', 60_000, false],
    [403, 'forbidden', 50, true]
  ] as const) {
    const api = await startWithPolicies(t)
    const watched = await watch(t, api, { graceMs })
    await waitUntil('the watch is open', () => isWatching(watched))
    api.fault = respondToAll(status)
    api.endWatches()
    await waitUntil(`health is ${health}`, () => watched.healthHistory.at(-1) === health)
    if (isUnreadable) await waitUntil('kind is unreadable', watched.isUnreadable)
    t.equal(watched.isUnreadable(), isUnreadable)
    t.same(watched.cachedPolicies(), ['a STRICT', 'b STRICT'])
    api.fault = undefined
    await waitUntil('health is synced', () => watched.healthHistory.at(-1) === 'synced' && !watched.isUnreadable())
  }
})

t.test('a kind that was never synced has no grace period', async t => {
  const api = await startWithPolicies(t)
  api.fault = respondToAll(500)
  const watched = await watch(t, api, { graceMs: 60_000 })
  await waitUntil('the error is reported', () => watched.health().why.includes('500'))
  t.equal(watched.health().health, 'starting')
  t.ok(watched.isUnreadable())
})

t.test('the snapshot is the same object until it changes', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await waitUntil('all watches are open', () => api.openWatches() === watched.source.health().length)
  const first = watched.source.current()
  t.equal(watched.source.current(), first)
  const { relists } = watched.health().counters
  api.writeToWatches(POLICIES, '{\n')
  await waitUntil('the collection is relisted', () => watched.health().counters.relists > relists)
  await waitUntil('all kinds are readable', () => watched.source.current().unreadable.size === 0)
  t.equal(watched.source.current().list(KIND), first.list(KIND), 'a relist without changes')
  const beforeMs = performance.now()
  api.put(POLICIES, { ...policy('a'), status: { conditions: [] } })
  await waitUntil('the event is applied', () => watched.health().stalenessMs < performance.now() - beforeMs)
  t.equal(watched.source.current().list(KIND), first.list(KIND), 'an event that changes no field that is read')
  const namespaces = watched.source.current().list('Namespace')
  api.put(POLICIES, policy('c'))
  await watched.waitForSync()
  t.not(watched.source.current(), first)
  t.equal(watched.source.current().list('Namespace'), namespaces, 'other kinds keep their objects')
})

t.test('an unreachable server is reported', async t => {
  const api = await startApiServer()
  await api.close()
  const watched = await watch(t, api)
  await waitUntil('the error is reported', () => watched.health().why.includes('ECONNREFUSED'))
  t.match(await watched.readiness(), { status: 503, line: /^PeerAuthentication: starting, 0 objects, never synced \(/ })
})
