import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { startApiServer } from '../support/api-server.ts'
import { pathOf, serveAll } from '../support/cluster.ts'
import { kubeconfig } from '../support/kubeconfig.ts'
import { end, start } from '../support/program.ts'
import { waitUntil } from '../support/wait-until.ts'

const root = join(import.meta.dirname, '../..')
const SERVER = { port: 0, healthPort: 0 }

t.test('check reads standard input', async t => {
  const strict = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
  const { code, out } = await end(start(t, ['check', '-', '--against', 'examples/cluster'], strict))
  t.equal(code, 1)
  t.match(out, /^DENY {2}<stdin>:2: CREATE PeerAuthentication istio-system\/default\n/)
})

t.test('error without a configured cluster names the flags of the command', async t => {
  const noCluster = { HOME: t.testdir({}), KUBECONFIG: '' }
  for (const [flag, argv] of [
    ['--against', ['check', 'examples/strict-mesh.yaml']],
    ['--against', ['audit']],
    ['--against', ['explain']],
    ['--against', ['trace', '--from', 'user2/sleep', '--to', 'httpbin.user1:8000']],
    ['--manifests', ['serve']]
  ] as const) {
    const { code, out, err } = await end(start(t, argv, '', noCluster))
    t.same({ code, out }, { code: 2, out: '' }, argv.join(' '))
    // serve has logged its configuration by then.
    const lines = err.split('\n').filter(line => line.startsWith('error: '))
    t.same(lines, [`error: no cluster configured: set KUBECONFIG or --kubeconfig, or use ${flag} PATH`])
  }
})

t.test('a closed pipe ends the program without an error, with the exit code of the result', async t => {
  const check = ['check', 'examples/strict-mesh.yaml', '--against', 'examples/cluster']
  for (const [argv, code] of [
    [['rules'], 0],
    [check, 1]
  ] as const) {
    const program = start(t, argv)
    program.child.stdout?.destroy()
    t.match(await end(program), { code, err: '' })
  }
})

t.test('serve --manifests prints its addresses and stops on a signal', async t => {
  const folder = t.testdir({})
  const certDir = join(folder, 'certs')
  const config = join(folder, 'config.yaml')
  writeFileSync(config, stringify({ server: { ...SERVER, certDir, shutdownDelaySeconds: 0 } }))
  const other = join(folder, 'other.yaml')
  writeFileSync(
    other,
    stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'a', name: 'b' } })
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const program = start(t, ['serve', '--manifests', 'examples/cluster', other, '--config', config])
    await waitUntil(
      'addresses are printed',
      () => program.out().includes('Try:') && program.out().endsWith(`${other}\n`),
      60_000
    )
    const [, webhook = '', health = ''] =
      /^webhook {2}(https:\S+)\/validate and .*\nhealth {3}(http:\S+)\/readyz/.exec(program.out()) ?? []
    t.match(webhook, /^https:\/\/127\.0\.0\.1:\d+$/)
    t.ok(existsSync(join(certDir, 'ca.crt')))
    t.match(program.out(), /^ {2}curl --cacert .*\/ca\.crt .* https:\/\/localhost:\d+\/validate$/m)
    t.match(program.out(), /^ {2}npx mesh-guard check examples\/strict-mesh\.yaml --against examples\/cluster /m)
    const ready = await fetch(`${health}/readyz?verbose`)
    t.equal(ready.status, 200)
    t.match(await ready.text(), /^Gateway: static, \d+ objects$/m)
    t.match(program.err(), /"msg":"skipped: \d+ of \d+ objects/)
    program.child.kill(signal)
    t.match(await end(program), { code: 0 }, signal)
  }
})

t.test('serve reads a cluster', async t => {
  const api = await startApiServer()
  t.teardown(api.close)
  serveAll(api)
  api.fault = ({ pathname }, response) => {
    if (pathname.endsWith('/gateways')) response.writeHead(403).end()
    return pathname.endsWith('/gateways')
  }
  api.put(pathOf('PeerAuthentication'), { metadata: { namespace: 'a', name: 'b' }, spec: { mtls: 5 } })
  const folder = t.testdir({ kubeconfig: kubeconfig(api.url) })
  const config = join(folder, 'config.yaml')
  writeFileSync(config, stringify({ server: { ...SERVER, host: '127.0.0.1', certDir: join(folder, 'certs') } }))
  const program = start(t, ['serve', '--kubeconfig', join(folder, 'kubeconfig'), '--config', config])
  await waitUntil('addresses are printed', () => program.out().includes('health'), 60_000)
  t.notMatch(program.out(), /Try:/)
  await waitUntil('cache state is logged', () => program.err().includes('"kind":"Gateway","health":"forbidden"'))
  await waitUntil('parse error is logged', () => program.err().includes('PeerAuthentication a/b: spec.mtls: '))
  program.child.kill('SIGINT')
  t.match(await end(program), { code: 0 })
})

t.test('serve fails if its port is in use', async t => {
  const listener = createServer()
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  t.teardown(() => listener.close())
  const { port } = listener.address() as { port: number }
  const folder = t.testdir({})
  const config = join(folder, 'config.yaml')
  writeFileSync(config, stringify({ server: { port, healthPort: 0, certDir: join(folder, 'certs') } }))
  const { code, err } = await end(start(t, ['serve', '--manifests', 'examples/cluster', '--config', config]))
  t.equal(code, 2)
  t.match(err, /^error: listen EADDRINUSE.*server\.port/m)
})
