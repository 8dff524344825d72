import t from 'tap'
import { readManifests } from '../../src/sources/yaml.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'

const OBJECT = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n'
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')
/** Each line multiplies the number of values by ten. */
const BOMB = `a0: &a0 x\n${lines(9, i => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(10)}]`)}`

t.test('errors of a document have a line, and other documents are read', async t => {
  for (const [name, text, errors] of [
    ['duplicate key', `${OBJECT}  labels:\n    b: c\n    b: d\n  name: e`, [7, 'Map keys must be unique']],
    ['alias without an anchor', `${OBJECT}spec: *b`, [1, 'Unresolved alias .*']],
    ['aliases of aliases', OBJECT + BOMB, [1, 'Excessive alias count .*']],
    ['too many aliases', `${OBJECT}spec:\n${lines(1_001, i => `- &b${i} c\n- *b${i}`)}`, [1, 'More than 1000 aliases']],
    ['maximum number of aliases', `${OBJECT}spec:\n${lines(1_000, i => `- &b${i} c\n- *b${i}`)}`, undefined],
    ['keys that are not strings', `${OBJECT}spec: { ? [b] : c, ? [b] : d }`, undefined]
  ] as const) {
    const read = readManifests(`${text}\n---\n${OBJECT.replace('name: a', 'name: last')}`, 'f.yaml')
    t.equal(read.manifests.at(-1)?.ref.name, 'last', name)
    if (errors === undefined) t.same(read.errors, [], name)
    else t.match(read.errors[0], new RegExp(`^f.yaml:${errors[0]}: ${errors[1]}$`), name)
  }
})

t.test('long documents take linear time', async t => {
  const count = 30_000
  for (const [name, text] of [
    ['many keys', lines(count, i => `k${i}: 1`)],
    ['many errors', `[${': '.repeat(count)}`],
    ['many duplicate keys', lines(count, () => 'a: 1')],
    ['many aliases', lines(count, i => `- &a${i} x\n- *a${i}`)]
  ] as const) {
    t.ok(cpuTimeMs(() => readManifests(text, 'f.yaml')) < 3_000, name)
  }
})
