import t from 'tap'
import { parse } from 'yaml'
import { editManifests, type ManifestEdit } from '../../src/sources/edit-manifests.ts'

const object = (name: string, value = 1) => ({ kind: 'A', metadata: { name }, value })
const yaml = (name: string, more = '') => `kind: A # ${name}\nmetadata: { name: ${name} }\nvalue: 1${more}\n`
const added = (name: string) => `kind: A\nmetadata:\n  name: ${name}\nvalue: 1\n`

const changed = (name: string): ManifestEdit => ({ before: [], object: object(name, 2) })
const REMOVED: ManifestEdit = { before: [], object: undefined }
const after = (name: string, ...names: readonly string[]): ManifestEdit => ({
  before: names.map(one => ({ object: object(one) })),
  object: object(name)
})
const list = (items: string) => `apiVersion: v1\nkind: List # list\nitems:\n${items}`

type Row = readonly [name: string, before: string, edits: readonly (readonly [number, ManifestEdit])[], after: string]

const ROWS: readonly Row[] = [
  ['one document', yaml('a'), [[0, changed('a')]], yaml('a').replace('value: 1', 'value: 2')],
  [
    'the other documents stay as they are',
    `# head\n---\n${yaml('a')}\n--- # second\n# b\n${yaml('b')}...\n---\nkind:    C\n`,
    [[1, changed('b')]],
    `# head\n---\n${yaml('a')}\n--- # second\n# b\n${yaml('b').replace('value: 1', 'value: 2')}...\n---\nkind:    C\n`
  ],
  [
    'insertion before the first',
    `# a\n${yaml('a')}`,
    [[0, after('a', 'b', 'c')]],
    `${added('b')}---\n${added('c')}---\n# a\n${yaml('a')}`
  ],
  [
    'insertion before a first with a marker',
    `# head\n--- # a\n${yaml('a')}`,
    [[0, after('a', 'b')]],
    `# head\n---\n${added('b')}--- # a\n${yaml('a')}`
  ],
  [
    'insertion before the second',
    `${yaml('a')}---\n${yaml('b')}`,
    [[1, after('b', 'c')]],
    `${yaml('a')}---\n${added('c')}---\n${yaml('b')}`
  ],
  [
    'document in the line of the marker',
    `--- { kind: A, value: 1 }\n--- { kind: B }`,
    [[0, { before: [], object: { kind: 'A', value: 2 } }]],
    `--- { kind: A, value: 2 }\n--- { kind: B }`
  ],
  [
    'document after an end marker',
    `${yaml('a')}...\n${yaml('b')}`,
    [[1, changed('b')]],
    `${yaml('a')}...\n${yaml('b').replace('value: 1', 'value: 2')}`
  ],
  ['removal of the first', `${yaml('a')}---\n${yaml('b')}`, [[0, REMOVED]], `---\n${yaml('b')}`],
  ['removal of all', yaml('a'), [[0, REMOVED]], ''],
  [
    'a moved document keeps its text',
    `${yaml('a')}---\n# about b\n${yaml('b', ' # one').trimEnd()}`,
    [
      [0, { before: [{ object: object('b', 2), from: 1 }], object: object('a') }],
      [1, REMOVED]
    ],
    `# about b\n${yaml('b', ' # one').replace('value: 1', 'value: 2')}---\n${yaml('a')}`
  ],
  [
    'empty documents',
    `---\n---\n${yaml('a')}---`,
    [[0, changed('a')]],
    `---\n---\n${yaml('a').replace('value: 1', 'value: 2')}---`
  ],
  [
    'items of a list',
    list(
      '  - { kind: A, metadata: { name: a }, value: 1 } # a\n  # b\n  - { kind: A, metadata: { name: b }, value: 1 }\n'
    ),
    [
      [0, changed('a')],
      [1, after('b', 'c')]
    ],
    list(
      '  - { kind: A, metadata: { name: a }, value: 2 } # a\n  - kind: A\n    metadata:\n      name: c\n    value: 1\n  # b\n  - { kind: A, metadata: { name: b }, value: 1 }\n'
    )
  ],
  [
    'an item that moves out of a list',
    `${yaml('a')}---\n${list('  - { kind: A, metadata: { name: b }, value: 1 }\n')}`,
    [
      [0, { before: [{ object: object('b'), from: 1 }], object: object('a') }],
      [1, REMOVED]
    ],
    `${added('b')}---\n${yaml('a')}---\n${list('').replace('items:', 'items: []')}`
  ],
  [
    'line endings',
    yaml('a').replaceAll('\n', '\r\n'),
    [[0, after('a', 'b')]],
    `${added('b')}---\n${yaml('a')}`.replaceAll('\n', '\r\n')
  ],
  [
    'mixed line endings',
    `a: 1\r\n---\n${yaml('b')}`,
    [[1, changed('b')]],
    `a: 1\r\n---\n${yaml('b').replace('value: 1', 'value: 2')}`
  ],
  [
    'JSON',
    `${JSON.stringify(object('a'), undefined, 4)}\n`,
    [[0, changed('a')]],
    `${JSON.stringify(object('a', 2), undefined, 4)}\n`
  ],
  ['JSON in one line', JSON.stringify(object('a')), [[0, changed('a')]], JSON.stringify(object('a', 2))],
  [
    'JSON with an insertion',
    JSON.stringify(object('a')),
    [[0, after('a', 'b')]],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [object('b'), object('a')] })
  ],
  [
    'JSON list',
    JSON.stringify({ kind: 'List', x: 1, items: [object('a'), object('b')] }),
    [[1, after('b', 'c')]],
    JSON.stringify({ kind: 'List', x: 1, items: [object('a'), object('c'), object('b')] })
  ]
]

for (const [name, before, edits, expected] of ROWS) {
  t.test(name, async t => {
    t.equal(editManifests(before, new Map(edits)), expected)
    t.equal(editManifests(before, new Map()), before, 'nothing changes without edits')
  })
}

t.test('the expected texts are YAML', async t => {
  t.same(parse(added('a')), object('a'))
})
