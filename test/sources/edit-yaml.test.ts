import t from 'tap'
import { parse } from 'yaml'
import { editYaml } from '../../src/sources/edit-yaml.ts'

/** Text before, new value, text after. */
type Row = readonly [name: string, before: string, value: string, after: string]

const ROWS: readonly Row[] = [
  ['nothing', 'a:   1 # one\n', '{ a: 1 }', 'a:   1 # one\n'],
  [
    'scalar keeps its comment',
    '# head\na: 1   # one\nb: 2\n# tail\n',
    '{ a: 2, b: 2 }',
    '# head\na: 2   # one\nb: 2\n# tail\n'
  ],
  ['scalar without a line break', 'a: 1', '{ a: 2 }', 'a: 2'],
  ['text that needs quotes', 'a: x\n', '{ a: "*" }', 'a: "*"\n'],
  ['block text', 'a: |\n  one\n  two\nb: 1\n', '{ a: "one\\nthree\\n", b: 1 }', 'a: |\n  one\n  three\nb: 1\n'],
  ['empty value', 'a:\n# none\nb: 1\n', '{ a: { c: 1 }, b: 1 }', 'a:\n  c: 1\n# none\nb: 1\n'],
  ['scalar to map', 'a: 1 # one\nb: 2\n', '{ a: { c: 1 }, b: 2 }', 'a:\n  c: 1 # one\nb: 2\n'],
  ['map to scalar', 'a:\n  b: 1\n  c: 2\nd: 1\n', '{ a: 1, d: 1 }', 'a: 1\nd: 1\n'],
  ['all keys of a map', 'a:\n  b: 1\nc: 1\n', '{ a: { d: 2 }, c: 1 }', 'a:\n  d: 2\nc: 1\n'],
  [
    'new keys',
    'a:\n  b: 1 # one\n\n# about c\nc: 1\n',
    '{ a: { b: 1, d: { e: 1 } }, c: 1, f: 2 }',
    'a:\n  b: 1 # one\n  d:\n    e: 1\n\n# about c\nc: 1\nf: 2\n'
  ],
  ['new keys at the end', 'a:\n  b: 1', '{ a: { b: 1, c: 2 }, d: 3 }', 'a:\n  b: 1\n  c: 2\nd: 3'],
  [
    'deleted key',
    'a: 1\n# about b\nb:\n  c: 1\n\n# about d\nd: 2\n',
    '{ a: 1, d: 2 }',
    'a: 1\n# about b\n\n# about d\nd: 2\n'
  ],
  ['deleted first key of an item', '- a: 1\n  b: 2\n', '[{ b: 2 }]', '- b: 2\n'],
  ['deleted last key of an item', '- a: 1\n  b: 2\n', '[{ a: 1 }]', '- a: 1\n'],
  ['new item at the end', 'a:\n- 1 # one\nb: 1\n', '{ a: [1, 2], b: 1 }', 'a:\n- 1 # one\n- 2\nb: 1\n'],
  [
    'new item at the start',
    'a:\n  # first\n  # item\n  - b: 1\n',
    '{ a: [{ c: [1] }, { b: 1 }] }',
    'a:\n  - c:\n      - 1\n  # first\n  # item\n  - b: 1\n'
  ],
  ['new item between', '- 1\n# two\n- 2\n', '[1, 3, 2]', '- 1\n- 3\n# two\n- 2\n'],
  ['changed items', '- a: 1 # one\n- 2 # two\n- 3\n', '[{ a: 2 }, { b: 2 }, 4]', '- a: 2 # one\n- b: 2 # two\n- 4\n'],
  ['deleted items', '- 1\n# two\n- 2\n- a: 1\n  b: 2\n- 4\n', '[1, 4]', '- 1\n# two\n- 4\n'],
  ['all items', 'a:\n  - 1\n', '{ a: [] }', 'a: []\n'],
  ['list to map', 'a:\n  - 1\nb: 1\n', '{ a: { c: 1 }, b: 1 }', 'a:\n  c: 1\nb: 1\n'],
  ['indentation of 4', 'a:\n    b: 1\n', '{ a: { b: 1, c: { d: 1 } } }', 'a:\n    b: 1\n    c:\n        d: 1\n'],
  [
    'flow map',
    'a: { b: 1, c: {d: 1} } # flow\n',
    '{ a: { b: 2, c: { d: 1, e: "x, y" } } }',
    'a: { b: 2, c: {d: 1, e: "x, y"} } # flow\n'
  ],
  ['flow map with a deleted key', '{ a: 1, b: 2 } # flow\n', '{ a: 1 }', '{ a: 1 } # flow\n'],
  [
    'empty flow map',
    'a: {}\nb: { c: {} }\n',
    '{ a: { d: 1 }, b: { c: { d: 1 } } }',
    'a:\n  d: 1\nb: { c: { d: 1 } }\n'
  ],
  ['flow map with a key alone', 'a: { b, c: 1 }\n', '{ a: { b: null, c: 2 } }', 'a: { b, c: 2 }\n'],
  ['flow list', 'a: ["*", { b: 1 }]\n', '{ a: ["x", { b: 2 }, 3] }', 'a: [x, { b: 2 }, 3]\n'],
  ['flow list with a deleted item', 'a: [1, 2] # flow\n', '{ a: [2] }', 'a: [ 2 ] # flow\n'],
  ['flow list with a new first item', 'a: [1]\n', '{ a: [0, 1] }', 'a: [ 0, 1 ]\n'],
  ['flow scalar to map', 'a: { b: 1 }\n', '{ a: { b: { c: 1 } } }', 'a: { b: { c: 1 } }\n'],
  ['key that is no text', '8080: a\ntrue: b\n', '{ "8080": c, "true": b }', '8080: c\ntrue: b\n'],
  ['document of another type', '- 1\n', '{ a: 1 }', '{ a: 1 }\n'],
  ['empty document', '# nothing\n', '{ a: 1 }', 'a: 1\n'],
  ['alias', 'a: &x { b: 1 }\nc: *x\n', '{ a: { b: 2 }, c: { b: 1 } }', 'a:\n  b: 2\nc:\n  b: 1\n'],
  ['explicit key', '? a\n: b\n? c\n', '{ a: 1, c: null, d: 1 }', 'a: 1\nc: null\nd: 1\n']
]

for (const [name, before, value, after] of ROWS) {
  t.test(name, async t => {
    const edited = editYaml(before, parse(value))
    t.equal(edited, after)
    t.same(parse(edited), parse(value))
    t.equal(editYaml(edited, parse(value)), edited)
  })
}
