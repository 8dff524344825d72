/** Reload of the configuration in a separate process. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ask } from '../support/client.ts'
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

t.test('serve decides by the mode for rules without one, also after a reload', async t => {
  const folder = t.testdir({})
  const file = join(folder, 'config.yaml')
  const server = `server: { port: 0, healthPort: 0, shutdownDelaySeconds: 0, certDir: ${folder} }`
  writeFileSync(file, `${server}\ndefaultMode: 'off'\n`)
  const program = start(t, ['serve', '--manifests', 'examples/cluster', '--config', file])
  await waitUntil('addresses are printed', () => program.out().includes('readyz'), STARTED_MS)
  const [, webhook = ''] = /(https:\S+)\/validate/.exec(program.out()) ?? []
  const isAllowed = async () => {
    const ca = readFileSync(join(folder, 'ca.crt'), 'utf8')
    const { text } = await ask(`${webhook}/validate`, readFileSync('examples/review.json', 'utf8'), { ca })
    return JSON.parse(text).response.allowed
  }
  t.equal(await isAllowed(), true)
  writeFileSync(file, `${server}\n`)
  const loaded = () => program.err().split('"configuration loaded"').length - 1
  await waitUntil('configuration is loaded again', () => loaded() === 2)
  t.equal(await isAllowed(), false)
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
