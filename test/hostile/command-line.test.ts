import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readManifests } from '../../src/sources/yaml.ts'
import { meshGuard, type Result } from '../support/command.ts'
import { HOSTILE_INPUTS, toJson } from '../support/hostile-inputs.ts'
import { measure } from '../support/hostile-play.ts'

const CLUSTER = join(import.meta.dirname, '../../examples/cluster')
/** Maximum CPU time; a command also parses a cluster, and JSON as YAML. */
const LIMIT_MS = 20_000
/** Longer inputs run one by one, shorter ones together. */
const MAX_SHORT_LENGTH = 20_000

const rows = HOSTILE_INPUTS.map(row => ({ ...row, json: toJson(row) }))
/** The longest input of each kind. */
const longest = new Map(
  rows
    .filter(({ json, admitted }) => admitted && json.length >= MAX_SHORT_LENGTH)
    .sort((a, b) => a.json.length - b.json.length)
    .map(row => [JSON.parse(row.json).kind as string, row] as const)
)

/** The command prints a result, or errors as lines. */
function isClear({ code, out, err }: Result): boolean {
  return code === 2 ? err.startsWith('error: ') : code <= 1 && out !== ''
}

const short = rows.filter(({ json }) => json.length < MAX_SHORT_LENGTH)
const isValid = ({ json }: { readonly json: string }) => readManifests(json, '').errors.length === 0

t.test('hostile inputs as a change', async t => {
  for (const { name, json } of longest.values()) {
    const file = join(t.testdir({ 'row.json': json }), 'row.json')
    await play(t, name, ['check', file, '--against', CLUSTER])
  }
})

t.test('hostile inputs in the cluster state', async t => {
  for (const [name, objects] of [
    ['long inputs', [...longest.values()]],
    ['short inputs', short],
    ['short valid inputs', short.filter(isValid)]
  ] as const) {
    const folder = t.testdir(Object.fromEntries(objects.map(({ json }, i) => [`row-${i}.json`, json])))
    for (const command of [['check', folder, '--against', CLUSTER], ['audit'], ['explain', 'user1/sklearn-iris']]) {
      if (command[0] === 'check' && name === 'long inputs') continue
      if (command[0] !== 'check') cpSync(CLUSTER, folder, { recursive: true })
      await play(t, name, command[0] === 'check' ? command : [...command, '--against', folder])
    }
  }
})

async function play(t: Pick<Test, 'ok' | 'notMatch'>, name: string, argv: readonly string[]): Promise<void> {
  const { result, ms } = await measure(() => meshGuard(...argv))
  const what = `${argv[0]}, ${name}`
  t.ok(ms < LIMIT_MS, `${what}: ${Math.round(ms)} ms`)
  t.ok(isClear(result), `${what}: ${result.code} ${result.err.slice(0, 200)}`)
  t.notMatch(result.err, /^ +at /m, `${what}: no stack trace`)
}
