/** Reload of the configuration in a separate process. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { end, start } from '../support/program.ts'
import { waitUntil } from '../support/wait-until.ts'

const STARTED_MS = 60_000

t.test('serve reloads the configuration without a restart', async t => {
  const folder = t.testdir({})
  const file = join(folder, 'config.yaml')
  const configure = (rest: string) =>
    writeFileSync(file, `server: { port: 0, healthPort: 0, shutdownDelaySeconds: 0, certDir: ${folder} }\n${rest}`)
  configure('log: { level: silent }')
  const program = start(t, ['serve', '--manifests', 'examples/cluster', '--config', file])
  await waitUntil('addresses are printed', () => program.out().includes('readyz'), STARTED_MS)
  t.equal(program.err(), '')
  configure('log: { level: info }')
  await waitUntil('configuration is reloaded', () => program.err().includes('"configuration loaded"'))
  configure('log: { level: loud }')
  await waitUntil('invalid configuration is rejected', () => program.err().includes(`${file}:2: log.level: `))
  const [, health = ''] = /health +(\S+)\/readyz/.exec(program.out()) ?? []
  const metrics = await (await fetch(`${health}/metrics`)).text()
  t.match(metrics, /^mesh_guard_config_info\{hash="[0-9a-f]{16}"\} 1$/m)
  t.match(metrics, /^mesh_guard_config_reload_failures_total 1$/m)
  program.child.kill('SIGTERM')
  t.match(await end(program), { code: 0 })
})

t.test('--log-level takes precedence over log.level', async t => {
  const folder = t.testdir({})
  const argv = ['serve', '--manifests', 'examples/cluster', '--config', '-', '--log-level', 'silent']
  const input = `server: { port: 0, healthPort: 0, shutdownDelaySeconds: 0, certDir: ${folder} }\nlog: { level: info }`
  const program = start(t, argv, input)
  await waitUntil('addresses are printed', () => program.out().includes('readyz'), STARTED_MS)
  program.child.kill('SIGTERM')
  t.match(await end(program), { code: 0, err: '' })
})
