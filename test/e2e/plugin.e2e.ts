/** `kubectl mesh-guard` on the PATH, with two clusters in the kubeconfig. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { findAssets } from './assets.ts'
import { openCluster } from './installation.ts'
import { runnerOf } from './kubectl.ts'

const root = join(import.meta.dirname, '../..')
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly bin: Readonly<Record<string, string>>
}
const cluster = await openCluster(t)
const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-plugin-'))
t.teardown(() => rmSync(folder, { recursive: true }))

// Links like npm creates.
for (const [name, file] of Object.entries(bin)) symlinkSync(join(root, file), join(folder, name))

/** The current context is unreachable; the other one has the namespace `user1`. */
function writeKubeconfig(): string {
  const config = parse(readFileSync(cluster.kubeconfig, 'utf8'))
  const [{ context }] = config.contexts
  const written = {
    ...config,
    'current-context': 'away',
    clusters: [...config.clusters, { name: 'away', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [
      { name: 'away', context: { ...context, cluster: 'away' } },
      { name: 'here', context: { ...context, namespace: 'user1' } }
    ]
  }
  writeFileSync(join(folder, 'kubeconfig'), stringify(written))
  return join(folder, 'kubeconfig')
}

const kubeconfig = writeKubeconfig()
const path = [folder, findAssets(line => t.comment(line)), dirname(process.execPath), process.env['PATH']]
const env = (file: string) =>
  runnerOf('env', [`PATH=${path.join(delimiter)}`, `KUBECONFIG=${file}`, `HOME=${folder}`, 'kubectl'])
const kubectl = env(kubeconfig)
const meshGuard = (...argv: readonly string[]) => kubectl(['mesh-guard', ...argv])
const HERE = ['--context', 'here']
const strict = join(root, 'examples/strict-mesh.yaml')
const CALL = ['--from', 'sleep-6d6b49d8b8-6ths6', '-n', 'user2', '--to', 'httpbin.user1:8000']

await t.test('kubectl lists the plugin', async t => {
  const { out, err } = await kubectl(['plugin', 'list'])
  t.match(out, join(folder, 'kubectl-mesh_guard'))
  t.notMatch(out + err, /not (identified as )?executable|overshadow/)
})

await t.test('each command uses the cluster of --context', async t => {
  for (const [argv, code, out] of [
    [['explain', 'sklearn-iris'], 0, /^user1\/sklearn-iris: \d+ ok of \d+ paths\n/],
    [['explain', 'user1/sklearn-iris'], 0, /^user1\/sklearn-iris: /],
    [['explain', '-n', 'user2'], 0, /^no InferenceService found\n$/],
    [['trace', ...CALL], 0, /^ok {6}user2\/sleep-/],
    [['audit'], 0, /^0 findings\n$/],
    [
      ['check', strict, '--against', 'live'],
      1,
      /^DENY {2}\S+strict-mesh\.yaml:2: CREATE PeerAuthentication istio-system\/default\n/
    ]
  ] as const) {
    const ran = await meshGuard(...argv, ...HERE)
    t.equal(ran.code, code, `${argv.join(' ')}: ${ran.err}`)
    t.match(ran.out, out, argv.join(' '))
  }
})

await t.test('default is the current context, and --kubeconfig takes precedence over KUBECONFIG', async t => {
  for (const argv of [['explain'], ['trace', ...CALL], ['audit'], ['check', strict, '--against', 'live']]) {
    const away = await meshGuard(...argv)
    t.equal(away.code, 3, `${argv[0]}: ${away.out}`)
    t.match(away.err, /the cluster cannot be read: .*ECONNREFUSED/)
    const named = await meshGuard(...argv, '--kubeconfig', cluster.kubeconfig)
    t.equal(named.code, argv[0] === 'check' ? 1 : 0, `${argv[0]}: ${named.err}`)
  }
})

await t.test('first file in KUBECONFIG takes precedence, for kubectl and the plugin', async t => {
  for (const [files, context] of [
    [[cluster.kubeconfig, kubeconfig], 'e2e'],
    [[join(folder, 'none'), kubeconfig, cluster.kubeconfig], 'away']
  ] as const) {
    const run = env(files.join(delimiter))
    t.equal((await run(['config', 'current-context'])).out, `${context}\n`)
    t.equal((await run(['mesh-guard', 'audit'])).code, context === 'e2e' ? 0 : 3)
    t.equal((await run(['mesh-guard', 'audit', ...HERE])).code, 0)
  }
})

await t.test('kubectl completes arguments of the plugin', async t => {
  for (const [words, expected] of [
    [['aud'], 'audit\t'],
    [['audit', '--fail-on', 'w'], 'warn\n'],
    [['explain', '--names'], '--namespace\t'],
    [['audit', '--rule', 'tls-certificate-m'], 'tls-certificate-mismatch=\n:6\n']
  ] as const) {
    const { out } = await kubectl(['__complete', 'mesh-guard', ...words])
    t.match(out, expected, words.join(' '))
  }
})
