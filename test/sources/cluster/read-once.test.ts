import { join } from 'node:path'
import t from 'tap'
import { readCluster, UnreadableCluster } from '../../../src/sources/cluster/read-once.ts'
import { connect } from '../../../src/sources/cluster/transport.ts'
import { readFiles } from '../../../src/sources/files.ts'
import { KINDS, type Kind } from '../../../src/state/resource.ts'
import { DEFAULT_SETTINGS } from '../../../src/state/settings.ts'
import { type ApiServer, startApiServer } from '../../support/api-server.ts'
import { pathOf, serveAll, store } from '../../support/cluster.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'
import { stockWith } from '../../support/snapshot.ts'

type Test = Pick<typeof t, 'teardown' | 'testdir'>

/** Starts a server that serves all kinds. */
async function start(t: Test): Promise<ApiServer> {
  const api = await startApiServer()
  t.teardown(api.close)
  serveAll(api)
  return api
}

async function read(t: Test, api: ApiServer) {
  const parseErrors: string[] = []
  const transport = await connect({ files: [join(t.testdir({ config: kubeconfig(api.url) }), 'config')] })
  return { parseErrors, ...(await readCluster(transport, DEFAULT_SETTINGS, message => parseErrors.push(message))) }
}

t.test('a cluster reads the same as its manifests', async t => {
  const api = await start(t)
  const manifests = readFiles([join(import.meta.dirname, '../../../examples/cluster')])
  const onPath = manifests.filter(({ resource }) => resource !== undefined)
  store(api, onPath)
  const { state, objects, parseErrors } = await read(t, api)
  t.same(parseErrors, [])
  t.equal(objects.length, onPath.length)
  const expected = stockWith()
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const names = (view: typeof state) => view.list(kind).map(({ namespace, name }) => `${namespace}/${name}`)
    t.same(names(state).sort(), names(expected).sort(), kind)
  }
})

t.test('an object that cannot be parsed is reported and omitted', async t => {
  const api = await start(t)
  api.put(pathOf('PeerAuthentication'), {
    metadata: { namespace: 'a', name: 'b' },
    spec: { mtls: { mode: 5 } }
  })
  const { state, parseErrors } = await read(t, api)
  t.same(state.list('PeerAuthentication'), [])
  t.match(parseErrors, [/^PeerAuthentication a\/b: spec\.mtls\.mode: /])
})

t.test('a kind with 404 has no objects, a kind with 403 is unreadable', async t => {
  const api = await start(t)
  api.fault = ({ pathname }, response) => {
    const status = pathname === pathOf('Gateway') ? 404 : pathname === pathOf('DestinationRule') ? 403 : 0
    if (status !== 0) response.writeHead(status).end()
    return status !== 0
  }
  const { state } = await read(t, api)
  t.same([...state.unreadable.keys()], ['DestinationRule'])
})

t.test('an unreachable cluster and rejected credentials are errors', async t => {
  const api = await start(t)
  api.fault = (_request, response) => !!response.writeHead(401).end()
  await t.rejects(read(t, api), new UnreadableCluster(`the cluster cannot be read: ${pathOf('InferenceService')}: 401`))
  api.fault = (_request, response) => !!response.destroy()
  await t.rejects(read(t, api), /the cluster cannot be read: socket hang up/)
})
