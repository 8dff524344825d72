import t from 'tap'
import { type Fault, refuse, startApiServer } from '../../support/api-server.ts'
import { pathOf } from '../../support/cluster.ts'
import { until } from '../../support/wait-until.ts'
import { KIND, POLICIES, policy, startWithPolicies, type Watched, watch } from '../../support/watch-harness.ts'

const NAMESPACES = pathOf('Namespace')

const CORE = new Set(['Namespace', 'Service', 'ConfigMap', 'Pod'])

const only =
  (answer: Fault): Fault =>
  (request, ...rest) =>
    request.pathname === POLICIES && answer(request, ...rest)
const refuseAll = (status: number): Fault =>
  only((_request, response) => {
    refuse(response, status)
    return true
  })
const isWatched = ({ api }: Watched) => api.openWatches(POLICIES) === 1

t.test('the state follows the cluster', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  t.ok(watched.isMissing(), 'nothing is known before the first list')
  t.match(watched.evidence(), {
    health: 'starting',
    why: 'not listed yet',
    objects: 0,
    stalenessMs: Number.POSITIVE_INFINITY
  })
  await until('all is known', () => watched.source.current().unreadable.size === 0)
  await until('all watches stand', () => api.openWatches() === watched.source.health().length)
  t.same(watched.known(), ['a STRICT', 'b STRICT'])
  t.match(watched.evidence(), { health: 'synced', why: '', objects: 2 })
  api.put(POLICIES, policy('c'))
  await until('c is there', () => watched.known().includes('c STRICT'))
  api.put(POLICIES, policy('c', 'PERMISSIVE'))
  await watched.settle()
  api.remove(POLICIES, 'a/default')
  await until('a is gone', () => !watched.known().includes('a STRICT'))
  t.equal(watched.evidence().objects, 2)
})

t.test('so do kinds that have no namespace', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await watched.following()
  const names = () =>
    watched.source
      .current()
      .list('Namespace')
      .map(({ name }) => name)
  api.put(NAMESPACES, { metadata: { name: 'x' } })
  api.put(NAMESPACES, { metadata: { name: 'y' } })
  await until('both are there', () => String(names()) === 'x,y')
  api.remove(NAMESPACES, 'x')
  await until('one is gone', () => String(names()) === 'y')
})

t.test('where a watch ended the next one goes on, without a new list', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await until('it watches', () => isWatched(watched))
  api.put(POLICIES, policy('c'))
  await watched.settle()
  const { version } = /resourceVersion=(?<version>\d+)/.exec(watched.asked()[1] ?? '')?.groups ?? {}
  api.endWatches(POLICIES)
  await until('there is another watch', () => watched.asked().length === 3)
  t.match(watched.asked()[2], /watch=true&allowWatchBookmarks=true&resourceVersion=\d+&timeoutSeconds=300/)
  t.notMatch(watched.asked()[2], `resourceVersion=${version}&`)
})

t.test('an object that cannot be read is told, and is not known as it was', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await until('it watches', () => isWatched(watched))
  api.put(POLICIES, policy('a', 5))
  await until('a fault is told', () => watched.faults.length === 1)
  t.match(watched.faults[0], /^PeerAuthentication a\/default: spec\.mtls\.mode: /)
  t.same(watched.known(), ['b STRICT'])
  api.remove(POLICIES, 'a/default')
  api.put(POLICIES, policy('c'))
  await watched.settle()
  t.equal(watched.evidence().objects, 2)
})

t.test('a kind that the server does not have has no objects', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await until('it watches', () => isWatched(watched))
  api.unserve(POLICIES)
  await until('it is absent', () => watched.healths.at(-1) === 'absent')
  t.same(watched.known(), [])
  t.notOk(watched.isMissing())
  t.equal(watched.evidence().objects, 0)
})

t.test('a server that has none of the kinds that each server has is none', async t => {
  const api = await startApiServer()
  t.teardown(api.close)
  const { source } = await watch(t, api)
  await until('all others are absent', () =>
    source.health().every(({ kind, health }) => CORE.has(kind) || health === 'absent')
  )
  t.same(new Set(source.current().unreadable.keys()), CORE)
  t.match(source.current().unreadable.get('Pod'), 'starting: /api/v1/pods: 404; not an API server')
})

t.test('what kubectl remembers is not kept', async t => {
  const api = await startWithPolicies(t)
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'kept' }
  const object = policy('c')
  api.put(POLICIES, { ...object, metadata: { ...object.metadata, annotations } })
  const watched = await watch(t, api)
  await watched.settle()
  t.same(watched.source.current().get(KIND, 'c', 'default')?.annotations, { note: 'kept' })
})

t.test('what may not be read is unknown', async t => {
  const api = await startWithPolicies(t)
  api.fault = refuseAll(403)
  const watched = await watch(t, api, { graceMs: 60_000 })
  await until('it is forbidden', () => watched.healths.at(-1) === 'forbidden')
  t.match(watched.source.current().unreadable.get(KIND), /^forbidden: .* 403/)
})

t.test('a short loss of the watch is no loss of knowledge; a long one is', async t => {
  for (const [graceMs, isMissing] of [
    [60_000, false],
    [50, true]
  ] as const) {
    const api = await startWithPolicies(t)
    const watched = await watch(t, api, { graceMs })
    await until('it watches', () => isWatched(watched))
    api.fault = refuseAll(500)
    api.endWatches()
    await until('it is stale', () => watched.healths.at(-1) === 'stale')
    if (isMissing) await until('it is unknown', watched.isMissing)
    t.equal(watched.isMissing(), isMissing)
    t.same(watched.known(), ['a STRICT', 'b STRICT'])
    api.fault = undefined
    await until('it is known again', () => watched.healths.at(-1) === 'synced' && !watched.isMissing())
  }
})

t.test('what was never known has no grace', async t => {
  const api = await startWithPolicies(t)
  api.fault = refuseAll(500)
  const watched = await watch(t, api, { graceMs: 60_000 })
  await until('it was told', () => watched.evidence().why.includes('500'))
  t.equal(watched.evidence().health, 'starting')
  t.ok(watched.isMissing())
})

t.test('the state is the same object until something changes', async t => {
  const api = await startWithPolicies(t)
  const watched = await watch(t, api)
  await until('all watches stand', () => api.openWatches() === watched.source.health().length)
  const first = watched.source.current()
  t.equal(watched.source.current(), first)
  const { relists } = watched.evidence().counters
  api.say(POLICIES, '{\n')
  await until('it was listed again', () => watched.evidence().counters.relists > relists)
  await until('all is known', () => watched.source.current().unreadable.size === 0)
  t.equal(watched.source.current().list(KIND), first.list(KIND), 'a list that brings nothing new')
  api.put(POLICIES, { ...policy('a'), status: { conditions: [] } })
  const { stalenessMs } = watched.evidence()
  await until('the event was seen', () => watched.evidence().stalenessMs < stalenessMs)
  t.equal(watched.source.current().list(KIND), first.list(KIND), 'an event that changes nothing that we read')
  const namespaces = watched.source.current().list('Namespace')
  api.put(POLICIES, policy('c'))
  await watched.settle()
  t.not(watched.source.current(), first)
  t.equal(watched.source.current().list('Namespace'), namespaces, 'other kinds are shared')
})

t.test('nobody listens where we ask', async t => {
  const api = await startApiServer()
  await api.close()
  const watched = await watch(t, api)
  await until('it was told', () => watched.evidence().why.includes('ECONNREFUSED'))
  t.match(await watched.readiness(), { status: 503, line: /^PeerAuthentication: starting, 0 objects, never synced \(/ })
})
