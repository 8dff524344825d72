import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { parseConfig, readConfigText } from '../../src/config.ts'
import { type ReloadableConfig, registerConfigMetrics, watchConfig } from '../../src/server/config-reload.ts'

const RULE = 'strict-mesh-plain-local-gateway'
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

function open(file: string) {
  const lines: Readonly<Record<string, unknown>>[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const configuration = watchConfig({ read: () => readConfigText(file), parse: text => parseConfig(text, file) }, log)
  /** Log lines since the previous call. */
  const logLines = () => lines.splice(0).map(({ level, time, pid, hostname, ...rest }) => rest)
  return { configuration, log, logLines }
}

async function metricsOf(configuration: ReloadableConfig): Promise<readonly string[]> {
  const registry = new Registry()
  registerConfigMetrics(registry, configuration)
  await registry.metrics()
  return (await registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
}

t.test('changed text replaces the whole configuration, also by symlink swap', async t => {
  const folder = t.testdir({})
  const publish = (name: string, text: string) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'config.yaml'), text)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  const file = join(folder, 'config.yaml')
  publish('..2026_1', 'unevaluated: deny')
  symlinkSync('..data/config.yaml', file)
  const { configuration, log, logLines } = open(file)
  t.same(logLines(), [{ hash: hashOf('unevaluated: deny'), msg: 'configuration loaded' }])
  const before = configuration.current()
  configuration.refresh()
  t.equal(configuration.current(), before, 'unchanged text is not reloaded')
  t.same(logLines(), [])
  const next = `rules: { ${RULE}: warn }\nlog: { level: debug }`
  publish('..2026_2', next)
  rmSync(join(folder, '..2026_1'), { recursive: true })
  configuration.refresh()
  t.match(configuration.current(), { rules: { [RULE]: 'warn' }, unevaluated: 'warn' })
  t.same([before.rules, before.unevaluated], [{}, 'deny'], 'the previous object is not modified')
  t.equal(log.level, 'debug')
  t.same(logLines(), [{ hash: hashOf(next), msg: 'configuration loaded' }])
  t.same(await metricsOf(configuration), [
    `mesh_guard_config_info{hash="${hashOf(next)}"} 1`,
    'mesh_guard_config_last_reload_successful 1',
    'mesh_guard_config_reload_failures_total 0'
  ])
})

t.test('invalid configuration is logged once, and the previous one stays active', async t => {
  const good = 'unevaluated: deny'
  const file = join(t.testdir({ 'config.yaml': good }), 'config.yaml')
  const { configuration, logLines } = open(file)
  logLines()
  const bad = 'configuration reload failed: the previous configuration stays active'
  let failures = 0
  for (const [spoil, reason] of [
    [
      () => writeFileSync(file, 'rules: {}\nunevaluatd: warn'),
      `${file}:2: unevaluatd: unknown key; did you mean unevaluated?`
    ],
    [() => writeFileSync(file, 'a: ['), /config.yaml:1: /],
    [() => rmSync(file), /config.yaml: no such file or directory/]
  ] as const) {
    spoil()
    for (let time = 0; time < 3; time++) configuration.refresh()
    failures++
    t.match(logLines(), [{ reason, msg: bad }])
    t.equal(configuration.current().unevaluated, 'deny')
    t.same(await metricsOf(configuration), [
      `mesh_guard_config_info{hash="${hashOf(good)}"} 1`,
      'mesh_guard_config_last_reload_successful 0',
      `mesh_guard_config_reload_failures_total ${failures}`
    ])
  }
  writeFileSync(file, good)
  configuration.refresh()
  t.match(logLines(), [{ msg: 'configuration loaded' }])
  t.ok(configuration.isUpToDate())
  t.equal(configuration.failures(), failures)
})

t.test('keys that require a restart are logged and not changed', async t => {
  const file = join(t.testdir({ 'config.yaml': '' }), 'config.yaml')
  const { configuration, logLines } = open(file)
  const { server, mesh, controller, audit } = configuration.current()
  logLines()
  writeFileSync(
    file,
    'server: { port: 1 }\nmesh: { kserveNamespace: kubeflow }\nunevaluated: deny\naudit: { reports: off }'
  )
  configuration.refresh()
  t.match(logLines(), [
    { msg: 'configuration loaded' },
    { keys: ['server', 'mesh', 'audit'], msg: 'configuration changed: a restart is required for these keys' }
  ])
  t.match(configuration.current(), { server, mesh, controller, audit, unevaluated: 'deny' })
})

t.test('expired exceptions are logged at the start and on each reload', async t => {
  const exception = (expires: string) =>
    `exceptions: [{ rule: ${RULE}, selector: { name: a }, reason: we migrate, owner: mesh, expires: ${expires} }]`
  const file = join(t.testdir({ 'config.yaml': exception('2020-01-01') }), 'config.yaml')
  const { configuration, logLines } = open(file)
  const expiredLine = (date: string) => ({
    rule: RULE,
    reason: `exception expired on ${date}, by mesh: we migrate`,
    msg: 'exception expired'
  })
  t.match(logLines(), [{ msg: 'configuration loaded' }, expiredLine('2020-01-01')])
  writeFileSync(file, exception('2020-02-02'))
  configuration.refresh()
  t.match(logLines(), [{ msg: 'configuration loaded' }, expiredLine('2020-02-02')])
  writeFileSync(file, exception('9999-12-31'))
  configuration.refresh()
  t.equal(logLines().length, 1)
})

t.test('invalid initial configuration is an error', async t => {
  const file = join(t.testdir({ 'config.yaml': 'rulez: {}' }), 'config.yaml')
  t.throws(() => open(file), { name: 'InvalidInput' })
})
