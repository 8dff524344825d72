import { join } from 'node:path'
import t from 'tap'
import { DEFAULT_SETTINGS } from '../../../src/model/snapshot.ts'
import type { Health } from '../../../src/sources/cluster/reflector.ts'
import { connect } from '../../../src/sources/cluster/transport.ts'
import { watchCluster } from '../../../src/sources/cluster/watch.ts'
import type { StateSource } from '../../../src/sources/source.ts'
import { type ApiServer, type Fault, startApiServer } from '../../support/api-server.ts'
import { pathOf, serveAll } from '../../support/cluster.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'
import { until } from '../../support/until.ts'

const POLICIES = pathOf('PeerAuthentication')

interface Watched {
  readonly api: ApiServer
  readonly source: StateSource
  readonly faults: readonly string[]
  /** The health of PeerAuthentication, oldest first. */
  readonly healths: readonly Health[]
}

/** Watches a server that has one PeerAuthentication, `a/default`. */
async function watch(
  t: Pick<typeof import('tap').default, 'teardown' | 'testdir'>,
  graceMs: number,
  fault?: Fault
): Promise<Watched> {
  const api = await startApiServer()
  serveAll(api)
  api.put(POLICIES, policy('a'))
  api.fault = fault
  const faults: string[] = []
  const healths: Health[] = []
  const source = watchCluster(await connect({ file: join(t.testdir({ config: kubeconfig(api.url) }), 'config') }), {
    settings: DEFAULT_SETTINGS,
    onFault: message => faults.push(message),
    onHealth: (kind, health) => {
      if (kind === 'PeerAuthentication') healths.push(health)
    },
    timing: { minPauseMs: 10, maxPauseMs: 20, idleMs: 10_000, watchSeconds: 300 },
    graceMs
  })
  t.teardown(async () => {
    await source.close()
    await api.close()
  })
  return { api, source, faults, healths }
}

function policy(namespace: string, mode: unknown = 'STRICT') {
  return { metadata: { namespace, name: 'default' }, spec: { mtls: { mode } } }
}

const namespaces = ({ source }: Watched) =>
  source
    .current()
    .list('PeerAuthentication')
    .map(({ namespace }) => namespace)
    .sort()
const isUnreadable = ({ source }: Watched) => source.current().unreadable.has('PeerAuthentication')
const healthOf = ({ source }: Watched) => source.health().find(({ kind }) => kind === 'PeerAuthentication')
const only =
  (answer: Fault): Fault =>
  (request, ...rest) =>
    request.pathname === POLICIES && answer(request, ...rest)

t.test('the state follows the cluster', async t => {
  const watched = await watch(t, 0)
  t.ok(isUnreadable(watched), 'nothing is known before the first list')
  t.match(healthOf(watched), { health: 'starting', objects: 0 })
  await until('all is known', () => watched.source.current().unreadable.size === 0)
  await until('all watches stand', () => watched.api.openWatches() === watched.source.health().length)
  t.same(namespaces(watched), ['a'])
  t.match(healthOf(watched), { health: 'synced', why: '', objects: 1 })
  watched.api.put(POLICIES, policy('b'))
  await until('b is there', () => namespaces(watched).includes('b'))
  watched.api.remove(POLICIES, 'a/default')
  await until('a is gone', () => !namespaces(watched).includes('a'))
  watched.api.put(POLICIES, policy('c', 5))
  await until('a fault is told', () => watched.faults.length === 1)
  t.match(watched.faults[0], /^PeerAuthentication c\/default: spec\.mtls\.mode: /)
})

t.test('a kind that the server does not have has no objects', async t => {
  const watched = await watch(t, 0)
  await until('a is there', () => namespaces(watched).includes('a'))
  watched.api.fault = only((_request, response) => !!response.writeHead(404).end())
  watched.api.endWatches()
  await until('it is absent', () => watched.healths.at(-1) === 'absent')
  t.same(namespaces(watched), [])
  t.notOk(isUnreadable(watched))
})

t.test('what may not be read is unknown', async t => {
  const watched = await watch(
    t,
    60_000,
    only((_request, response) => !!response.writeHead(403).end())
  )
  await until('it is forbidden', () => watched.healths.at(-1) === 'forbidden')
  t.match(watched.source.current().unreadable.get('PeerAuthentication'), /^forbidden: .* 403/)
})

t.test('a short loss of the watch is no loss of knowledge; a long one is', async t => {
  const ill: Fault = only((_request, response) => !!response.writeHead(500).end())
  const patient = await watch(t, 60_000)
  await until('a is there', () => namespaces(patient).includes('a'))
  patient.api.fault = ill
  patient.api.endWatches()
  await until('it is stale', () => patient.healths.at(-1) === 'stale')
  t.notOk(isUnreadable(patient))
  t.same(namespaces(patient), ['a'])

  const strict = await watch(t, 50)
  await until('a is there', () => namespaces(strict).includes('a'))
  strict.api.fault = ill
  strict.api.endWatches()
  await until('it is unknown', () => isUnreadable(strict))
  strict.api.fault = undefined
  await until('it is known again', () => !isUnreadable(strict))
})
