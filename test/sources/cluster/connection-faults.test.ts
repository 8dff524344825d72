/** What can go wrong on the way to the server, and with what opens its door. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { makeCertificate } from '../../../src/controller/dev-certificate.ts'
import { connect } from '../../../src/sources/cluster/transport.ts'
import { type ApiServer, refuse } from '../../support/api-server.ts'
import { kubeconfig } from '../../support/kubeconfig.ts'
import { nameServerOf } from '../../support/name-server.ts'
import { until } from '../../support/wait-until.ts'
import {
  POLICIES,
  policy,
  startWithPolicies,
  type Watched,
  type WatchOptions,
  watch
} from '../../support/watch-harness.ts'

// Loading the Kubernetes client takes long on a busy machine.
t.setTimeout(180_000)

interface Door {
  readonly watched: Watched
  /** A file beside the kubeconfig, written in one go. */
  readonly write: (name: string, text: string) => void
}

/** Watches by a kubeconfig that is made of the plain one; `FOLDER` in it is the folder it lies in. */
async function open(
  t: Test,
  api: ApiServer,
  files: Readonly<Record<string, string>>,
  edit: (config: ReturnType<typeof parse>) => void = () => {},
  timing: WatchOptions['timing'] = {}
): Promise<Door> {
  const folder = t.testdir(files)
  const config = parse(kubeconfig(api.url))
  edit(config)
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${name}.new`), text)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  write('config', stringify(config).replaceAll('FOLDER', folder))
  const watched = await watch(t, api, { timing, transport: await connect({ files: [join(folder, 'config')] }) })
  await watched.following()
  return { watched, write }
}

const bearer = (name: string) => `Bearer ${name}`

/** From now on the server knows this token alone, and the state goes on. */
function rotate(api: ApiServer, token: string): void {
  api.fault = (_request, response, { headers }) => {
    if (headers.authorization === bearer(token)) return false
    refuse(response, 401, 'Unauthorized')
    return true
  }
  api.endWatches()
  api.put(POLICIES, policy('new'))
}

async function isStale(t: Test, { evidence, readiness }: Watched, why: RegExp): Promise<void> {
  await until('it is stale', () => why.test(evidence().why))
  t.match(await readiness(), { status: 503, line: /: stale, 2 objects, / })
}

const credential = (token: string) =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } })

t.test('a token that is rotated is read anew, wherever it comes from', async t => {
  for (const [name, file, user, text] of [
    // The service account of a pod is read by the same means.
    ['a file', 'token', { 'auth-provider': { name: 'file', config: { tokenFile: 'FOLDER/token' } } }, String],
    ['a plugin', 'answer', { exec: { command: 'cat', args: ['FOLDER/answer'] } }, credential]
  ] as const) {
    const api = await startWithPolicies(t)
    const { watched, write } = await open(t, api, { [file]: text('old') }, config => {
      config.users[0].user = user
    })
    rotate(api, 'new')
    await isStale(t, watched, /401 Unauthorized/)
    write(file, text('new'))
    t.comment(`${name}: ${Math.round(await watched.settle())} ms`)
  }
})

t.test('so is one that stands in the kubeconfig, of the context that we started with', async t => {
  const api = await startWithPolicies(t)
  const { watched, write } = await open(t, api, {})
  rotate(api, 'new')
  await isStale(t, watched, /401 Unauthorized/)
  const config = parse(kubeconfig(api.url))
  config.users[0].user.token = 'new'
  config.clusters.push({ name: 'elsewhere', cluster: { server: 'http://127.0.0.1:1' } })
  config.contexts.push({ name: 'elsewhere', context: { cluster: 'elsewhere', user: 'user' } })
  config['current-context'] = 'elsewhere'
  write('config', stringify(config))
  await watched.settle()
})

t.test('a plugin that fails, and a kubeconfig that is gone, are told', async t => {
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
  await watched.settle()
})

t.test('a plugin that hangs is given up, and asked again', async t => {
  const api = await startWithPolicies(t)
  const hang = 'test -e FOLDER/hang && exec sleep 10; cat FOLDER/answer'
  // Each request asks the plugin: starting all of them takes a while on a busy machine.
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
  await watched.settle(60_000)
  write('hang', '')
  rotate(api, 'newer')
  await until('it is locked out', () => watched.evidence().health === 'stale')
  const startedMs = performance.now()
  await watched.source.close()
  t.ok(performance.now() - startedMs < 2_000, 'and does not hold up the end')
})

t.test('the certificate of the server changes', async t => {
  const [old, next] = [await makeCertificate(['127.0.0.1']), await makeCertificate(['127.0.0.1'])]
  const trust = (config: ReturnType<typeof parse>) => {
    config.clusters[0].cluster['certificate-authority'] = 'FOLDER/ca.crt'
    delete config.clusters[0].cluster['insecure-skip-tls-verify']
  }
  const api = await startWithPolicies(t, old)
  const { watched, write } = await open(t, api, { 'ca.crt': old.ca }, trust)
  api.present(next)
  api.reset()
  api.put(POLICIES, policy('new'))
  await isStale(t, watched, /certificate/)
  write('ca.crt', next.ca)
  await watched.settle()

  const both = await startWithPolicies(t, old)
  const prepared = await open(t, both, { 'ca.crt': `${old.ca}\n${next.ca}` }, trust)
  both.present(next)
  both.reset()
  both.put(POLICIES, policy('new'))
  await prepared.watched.settle()
  t.notMatch(prepared.watched.evidence().why, /certificate/)
})

t.test('the name of the server is not known for a while', async t => {
  const names = nameServerOf('api.invalid')
  t.teardown(names.close)
  const api = await startWithPolicies(t)
  const { watched } = await open(t, api, {}, config => {
    config.clusters[0].cluster.server = api.url.replace('127.0.0.1', 'api.invalid')
  })
  names.isDown = true
  api.reset()
  api.put(POLICIES, policy('new'))
  await isStale(t, watched, /getaddrinfo ENOTFOUND api.invalid/)
  names.isDown = false
  await watched.settle()
})
