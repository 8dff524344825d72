import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { startApiServer } from '../support/api-server.ts'
import { pathOf, serveAll } from '../support/cluster.ts'
import { kubeconfig } from '../support/kubeconfig.ts'
import { end, start } from '../support/program.ts'
import { until } from '../support/wait-until.ts'

const root = join(import.meta.dirname, '../..')
const SERVER = { port: 0, healthPort: 0 }

t.test('a check from standard input', async t => {
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
    t.same(
      await end(start(t, argv, '', noCluster)),
      {
        code: 2,
        out: '',
        err: `error: no cluster configured: set KUBECONFIG or --kubeconfig, or use ${flag} PATH\n`
      },
      argv.join(' ')
    )
  }
})

t.test('a closed pipe ends the program quietly, with the exit code of the result', async t => {
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

t.test('it serves files, says where and what to try, and stops when told to', async t => {
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
    await until('it says where', () => program.out().includes('Try:') && program.out().endsWith(`${other}\n`), 60_000)
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

t.test('it serves a cluster', async t => {
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
  await until('it serves', () => program.out().includes('health'), 60_000)
  t.notMatch(program.out(), /Try:/)
  await until('it knows', () => program.err().includes('"kind":"Gateway","health":"forbidden"'))
  await until('it says what it could not read', () => program.err().includes('PeerAuthentication a/b: spec.mtls: '))
  program.child.kill('SIGINT')
  t.match(await end(program), { code: 0 })
})

t.test('a port that is taken is an error, and the process ends', async t => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const folder = t.testdir({})
  const config = join(folder, 'config.yaml')
  writeFileSync(config, stringify({ server: { port, healthPort: 0, certDir: join(folder, 'certs') } }))
  const { code, err } = await end(start(t, ['serve', '--manifests', 'examples/cluster', '--config', config]))
  t.equal(code, 2)
  t.match(err, /^error: listen EADDRINUSE.*server\.port/m)
})
