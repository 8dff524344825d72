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

t.test('output is colored on a terminal, unless NO_COLOR or --color disables it', async t => {
  const before = process.env['NO_COLOR']
  const setNoColor = (value: string | undefined) => {
    if (value === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = value
  }
  t.teardown(() => setNoColor(before))
  const check = ['check', join(examples, 'strict-mesh.yaml'), '--against', CLUSTER]
  for (const [isTerminal, noColor, argv, isColored] of [
    [true, undefined, [], true],
    [true, '', [], true],
    [false, undefined, [], false],
    [true, '1', [], false],
    [true, undefined, ['--color', 'never'], false],
    [false, undefined, ['--color', 'always'], true],
    [true, '1', ['--color', 'always'], true],
    [true, undefined, ['-o', 'json'], false]
  ] as const) {
    setNoColor(noColor)
    const { out } = await runCommand([...check, ...argv], isTerminal)
    t.equal(out.includes('\u001b'), isColored, JSON.stringify([isTerminal, noColor, argv]))
  }
  const { out } = await meshGuard(...check, '--color', 'always')
  const marked = out.replaceAll('\u001b', '^')
  t.match(marked, /^\^\[31mDENY\^\[0m {2}\S+:2: CREATE .*\n {2}\^\[31mdeny\^\[0m strict-mesh-/)
  t.equal(stripVTControlCharacters(out), (await meshGuard(...check)).out, 'only the colors differ')
  const { out: explained } = await meshGuard('explain', '--against', CLUSTER, '--color', 'always')
  t.match(explained.replaceAll('\u001b', '^'), /^\^\[32mok\^\[0m {7}\S/m)
})
