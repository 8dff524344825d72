import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { meshGuard, runCommand } from '../support/command.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')

t.test('YAML output equals the JSON output', async t => {
  const pod = 'user2/sleep-6d6b49d8b8-6ths6'
  for (const argv of [['audit'], ['explain'], ['trace', '--from', pod, '--to', 'httpbin.user1:8000']]) {
    const outputOf = async (output: string) => (await meshGuard(...argv, '--against', CLUSTER, '-o', output)).out
    const yaml = await outputOf('yaml')
    t.match(yaml, /^apiVersion: mesh-guard\.io\/v1\n/)
    t.same(parse(yaml), JSON.parse(await outputOf('json')))
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
