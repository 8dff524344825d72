import t from 'tap'
import { stringify } from 'yaml'
import { withoutEmptyFields } from '../../../src/rules/lib/updated-manifest.ts'

for (const [title, value, expected] of [
  [
    'empty lists, null and undefined',
    { a: [], b: null, c: undefined, d: '', e: 0, f: false },
    { d: '', e: 0, f: false }
  ],
  ['empty maps only of fields that parsing adds', { labels: {}, match: {} }, { match: {} }],
  ['a map of undefined values', { labels: { a: undefined }, data: { b: '' } }, { data: { b: '' } }],
  [
    'fields in lists and maps',
    { a: [{ b: [], c: 1 }, 'x', null], d: { e: null } },
    { a: [{ c: 1 }, 'x', null], d: {} }
  ],
  ['an own field __proto__ stays one', JSON.parse('{"__proto__":{"a":[],"b":1}}'), JSON.parse('{"__proto__":{"b":1}}')]
] as const) {
  t.test(title, async t => {
    const copy = withoutEmptyFields(value)
    t.same(JSON.stringify(copy), JSON.stringify(expected))
    t.equal(Object.getPrototypeOf(copy), Object.prototype)
  })
}

t.test('a list that is used twice is copied twice, because YAML would have an alias', async t => {
  const hosts = ['a']
  t.equal(stringify(withoutEmptyFields({ one: { hosts }, other: { hosts } })).includes('*'), false)
})
