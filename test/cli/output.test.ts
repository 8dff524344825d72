import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { meshGuard, runCommand } from '../support/command.ts'

process.chdir(join(import.meta.dirname, '../..'))
const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')

interface SarifResult {
  readonly locations: readonly [{ readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } } }]
}

t.test('YAML output equals the JSON output', async t => {
  const pod = 'user2/sleep-6d6b49d8b8-6ths6'
  for (const argv of [['audit'], ['explain'], ['trace', '--from', pod, '--to', 'httpbin.user1:8000']]) {
    const outputOf = async (output: string) => (await meshGuard(...argv, '--against', CLUSTER, '-o', output)).out
    const yaml = await outputOf('yaml')
    t.match(yaml, /^apiVersion: mesh-guard\.io\/v1\n/)
    t.same(parse(yaml), JSON.parse(await outputOf('json')))
  }
})

t.test('check and audit have the formats of pipelines', async t => {
  for (const argv of [
    ['check', join(examples, 'strict-mesh.yaml'), '--against', CLUSTER],
    ['audit', '--against', join(examples, 'four-outcomes')]
  ]) {
    const outputOf = async (...more: readonly string[]) => (await meshGuard(...argv, ...more)).out
    const { runs } = JSON.parse(await outputOf('-o', 'sarif'))
    const [{ tool, results }] = runs
    t.match(tool.driver.version, /^\d/)
    t.ok(results.length > 0)
    for (const { id, help } of tool.driver.rules) t.match(help.markdown, `# ${id}\n`)
    const uris = new Set<string>(
      results.map((result: SarifResult) => result.locations[0].physicalLocation.artifactLocation.uri)
    )
    for (const uri of uris) t.ok(existsSync(uri), uri)
    t.match(await outputOf('-o', 'junit'), /^<\?xml /)
    t.match(await outputOf('-o', 'github'), /^::\w+ file=/)
    t.match(await outputOf('-o', 'github', '--show-fix'), '%0A  apiVersion: ')
    t.match(await outputOf('-o', 'markdown'), /^\*\*(DENY|WARN): /)
  }
})

t.test('output is colored on a terminal, unless the environment or --color decides', async t => {
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  for (const name of ['NO_COLOR', 'FORCE_COLOR']) {
    const before = process.env[name]
    t.teardown(() => set(name, before))
  }
  const check = ['check', join(examples, 'strict-mesh.yaml'), '--against', CLUSTER]
  for (const [isTerminal, noColor, forceColor, argv, isColored] of [
    [true, undefined, undefined, [], true],
    [true, '', '', [], true],
    [false, undefined, undefined, [], false],
    [true, '1', undefined, [], false],
    [false, undefined, '1', [], true],
    [true, '1', '1', [], true],
    [true, undefined, '0', [], false],
    [true, undefined, 'false', [], false],
    [true, undefined, undefined, ['--color', 'never'], false],
    [false, undefined, '1', ['--color', 'never'], false],
    [false, undefined, undefined, ['--color', 'always'], true],
    [true, '1', undefined, ['--color', 'always'], true],
    [true, undefined, '1', ['-o', 'json'], false]
  ] as const) {
    set('NO_COLOR', noColor)
    set('FORCE_COLOR', forceColor)
    const { out } = await runCommand([...check, ...argv], isTerminal)
    t.equal(out.includes('\u001b'), isColored, JSON.stringify([isTerminal, noColor, forceColor, argv]))
  }
  for (const name of ['NO_COLOR', 'FORCE_COLOR']) set(name, undefined)
  const { out } = await meshGuard(...check, '--color', 'always')
  const marked = out.replaceAll('\u001b', '^')
  t.match(marked, /^\^\[31mDENY\^\[0m {2}\S+:2: CREATE .*\n {2}\^\[31mdeny\^\[0m strict-mesh-/)
  t.equal(stripVTControlCharacters(out), (await meshGuard(...check)).out, 'only the colors differ')
  const { out: explained } = await meshGuard('explain', '--against', CLUSTER, '--color', 'always')
  t.match(explained.replaceAll('\u001b', '^'), /^\^\[32mok\^\[0m {7}\S/m)
  const { out: planned } = await meshGuard('plan', '--goal', 'strict-mtls', '--against', CLUSTER, '--color', 'always')
  t.match(planned.replaceAll('\u001b', '^'), /^1 {5}\^\[32mallow\^\[0m /m)
})
