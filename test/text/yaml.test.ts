import t from 'tap'
import { parseYaml } from '../../src/text/yaml.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'

t.test('YAML and JSON are parsed; invalid YAML is undefined', async t => {
  for (const [name, text, expected] of [
    ['map', 'a: { b: [c, 1, true] }', { a: { b: ['c', 1, true] } }],
    ['JSON', '{"a":{"b":null}}', { a: { b: null } }],
    ['the last value of a duplicate key takes precedence', 'a: 1\na: 2', { a: 2 }],
    ['YAML 1.1 booleans', '[yes, Off, n, true, "yes"]', [true, false, false, true, 'yes']],
    ['merge key', 'a: &a { x: 1 }\nb: { <<: *a }', { a: { x: 1 }, b: { x: 1 } }],
    ['alias', 'a: &a [x]\nb: *a', { a: ['x'], b: ['x'] }],
    ['block scalar', 'a: |\n  {{ .Values }}\n', { a: '{{ .Values }}\n' }],
    ['key of the object prototype', '{ __proto__: { a: 1 } }', JSON.parse('{ "__proto__": { "a": 1 } }')],
    ['empty text', '', undefined],
    ['invalid YAML', 'a: "b', undefined],
    ['two documents', '--- 1\n--- 2', undefined]
  ] as const) {
    t.same(parseYaml(text), expected, name)
  }
})

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const aliases = (count: number) => `- &a x\n${'- *a\n'.repeat(count)}`

t.test('deeply nested YAML and many aliases are rejected', async t => {
  t.ok(Array.isArray(parseYaml(nested(50))), '50 levels')
  t.equal(parseYaml(nested(200)), undefined, '200 levels')
  t.equal(parseYaml(nested(200_000)), undefined, 'more levels than the stack has')
  t.equal(Object(parseYaml(aliases(10))).length, 11, '10 aliases')
  t.equal(parseYaml(aliases(11)), undefined, '11 aliases')
})

t.test('long YAML is parsed in linear time', async t => {
  const count = 50_000
  const lines = (line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join('\n')
  for (const [name, text] of [
    ['many keys', lines(i => `k${i}: 1`)],
    ['many anchors', lines(i => `- &a${i} x`)],
    ['many aliases', lines(i => `- &a${i} x\n- *a${i}`)],
    ['many syntax errors', `[${': '.repeat(count)}`]
  ] as const) {
    t.ok(cpuTimeMs(() => parseYaml(text)) < 2_000, name)
  }
})
