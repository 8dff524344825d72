/** Faults of the connection and of the credentials. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { makeCertificate } from '../../../src/controller/dev-certificate.ts'
import { connect } from '../../../src/sources/cluster/transport.ts'
import { type ApiServer, sendStatus } from '../../support/api-server.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'
import { nameServerOf } from '../../support/name-server.ts'
import { waitUntil } from '../../support/wait-until.ts'
import {
  POLICIES,
  policy,
  startWithPolicies,
  type WatchHarness,
  type WatchOptions,
  watch
} from '../../support/watch-harness.ts'

// Loading the Kubernetes client takes long on a busy machine.
t.setTimeout(180_000)

interface WatchWithKubeconfig {
  readonly watched: WatchHarness
  /** Replaces a file next to the kubeconfig atomically. */
  readonly write: (name: string, text: string) => void
}

/** Starts a watch with an edited kubeconfig; `FOLDER` in it is its directory. */
async function open(
  t: Test,
  api: ApiServer,
  files: Readonly<Record<string, string>>,
  edit: (config: ReturnType<typeof parse>) => void = () => {},
  timing: WatchOptions['timing'] = {}
): Promise<WatchWithKubeconfig> {
  const folder = t.testdir(files)
  const config = parse(kubeconfig(api.url))
  edit(config)
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${name}.new`), text)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  write('config', stringify(config).replaceAll('FOLDER', folder))
  const watched = await watch(t, api, { timing, transport: await connect({ files: [join(folder, 'config')] }) })
  await watched.waitForWatches()
  return { watched, write }
}

const bearer = (name: string) => `Bearer ${name}`

/** The server accepts only this token from now on, and the state changes. */
function rotate(api: ApiServer, token: string): void {
  api.fault = (_request, response, { headers }) => {
    if (headers.authorization === bearer(token)) return false
    sendStatus(response, 401, 'Unauthorized')
    return true
  }
  api.endWatches()
  api.put(POLICIES, policy('new'))
}

async function isStale(t: Test, { health, readiness }: WatchHarness, why: RegExp): Promise<void> {
  await waitUntil('health is stale', () => why.test(health().why))
  t.match(await readiness(), { status: 503, line: /: stale, 2 objects, / })
}

const credential = (token: string) =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } })

t.test('a rotated token is reloaded from a file or an exec plugin', async t => {
  for (const [name, file, user, text] of [
    // The client reads the service account of a pod in the same way.
    ['file', 'token', { 'auth-provider': { name: 'file', config: { tokenFile: 'FOLDER/token' } } }, String],
    ['exec plugin', 'answer', { exec: { command: 'cat', args: ['FOLDER/answer'] } }, credential]
  ] as const) {
    const api = await startWithPolicies(t)
    const { watched, write } = await open(t, api, { [file]: text('old') }, config => {
      config.users[0].user = user
    })
    rotate(api, 'new')
    await isStale(t, watched, /401 Unauthorized/)
    write(file, text('new'))
    t.comment(`${name}: ${Math.round(await watched.waitForSync())} ms`)
  }
})

t.test('a rotated token in the kubeconfig is reloaded, in the initial context', async t => {
  const api = await startWithPolicies(t)
  const { watched, write } = await open(t, api, {})
  rotate(api, 'new')
  await isStale(t, watched, /401 Unauthorized/)
  const config = parse(kubeconfig(api.url))
  config.users[0].user.token = 'new'
  config.clusters.push({ name: 'other', cluster: { server: 'http://127.0.0.1:1' } })
  config.contexts.push({ name: 'other', context: { cluster: 'other', user: 'user' } })
  config['current-context'] = 'other'
  write('config', stringify(config))
  await watched.waitForSync()
})

t.test('a failing exec plugin and a missing kubeconfig are reported', async t => {
  const api = await startWithPolicies(t)
  const folder = t.testdirName
  const { watched, write } = await open(t, api, { answer: credential('old') }, config => {
    config.users[0].user = { exec: { command: 'cat', args: ['FOLDER/answer'] } }
  })
  rotate(api, 'new')
  rmSync(join(folder, 'answer'))
  await isStale(t, watched, /No such file/)
  const config = join(folder, 'config')
  renameSync(config, join(folder, 'away'))
  await isStale(t, watched, /config: ENOENT/)
  renameSync(join(folder, 'away'), config)
  write('answer', credential('new'))
  await watched.waitForSync()
})

t.test('a hanging exec plugin times out and is retried', async t => {
  const api = await startWithPolicies(t)
  const hang = 'test -e FOLDER/hang && exec sleep 10; cat FOLDER/answer'
  // Each request starts the plugin, which takes a while on a busy machine.
  const timing = { watchIdleTimeoutMs: 3_000, listIdleTimeoutMs: 3_000 }
  const edit = (config: ReturnType<typeof parse>) => {
    config.users[0].user = { exec: { command: 'sh', args: ['-c', hang] } }
  }
  const { watched, write } = await open(t, api, { answer: credential('old') }, edit, timing)
  write('hang', '')
  rotate(api, 'new')
  await isStale(t, watched, /no credentials within 3 s/)
  write('answer', credential('new'))
  rmSync(join(t.testdirName, 'hang'))
  await watched.waitForSync(60_000)
  write('hang', '')
  rotate(api, 'newer')
  await waitUntil('health is stale', () => watched.health().health === 'stale')
  const startedMs = performance.now()
  await watched.source.close()
  t.ok(performance.now() - startedMs < 2_000, 'close does not wait for the plugin')
})

t.test('a new server certificate is accepted with its CA', async t => {
  const [old, next] = [await makeCertificate(['127.0.0.1']), await makeCertificate(['127.0.0.1'])]
  const trust = (config: ReturnType<typeof parse>) => {
    config.clusters[0].cluster['certificate-authority'] = 'FOLDER/ca.crt'
    delete config.clusters[0].cluster['insecure-skip-tls-verify']
  }
  const api = await startWithPolicies(t, old)
  const { watched, write } = await open(t, api, { 'ca.crt': old.ca }, trust)
  api.setCertificate(next)
  api.resetConnections()
  api.put(POLICIES, policy('new'))
  await isStale(t, watched, /certificate/)
  write('ca.crt', next.ca)
  await watched.waitForSync()

  const both = await startWithPolicies(t, old)
  const prepared = await open(t, both, { 'ca.crt': `${old.ca}\n${next.ca}` }, trust)
  both.setCertificate(next)
  both.resetConnections()
  both.put(POLICIES, policy('new'))
  await prepared.watched.waitForSync()
  t.notMatch(prepared.watched.health().why, /certificate/)
})

t.test('a DNS failure is temporary', async t => {
  const names = nameServerOf('api.invalid')
  t.teardown(names.close)
  const api = await startWithPolicies(t)
  const { watched } = await open(t, api, {}, config => {
    config.clusters[0].cluster.server = api.url.replace('127.0.0.1', 'api.invalid')
  })
  names.isDown = true
  api.resetConnections()
  api.put(POLICIES, policy('new'))
  await isStale(t, watched, /getaddrinfo ENOTFOUND api.invalid/)
  names.isDown = false
  await watched.waitForSync()
})
