import t from 'tap'
import { Counts } from '../../src/subject/counts.ts'

t.test('a text is in the multiset as long as one of its occurrences is', async t => {
  const { counts: one } = new Counts().with([['a', 'b']], [])
  const { counts: two, diff } = one.with([['a'], ['c']], [['b']])
  t.same([...diff].sort(), ['b', 'c'])
  t.same([...two].sort(), ['a', 'c'])
  t.same([...two.with([['d']], [['d']]).diff], [])
  const { counts: three } = two.with([], [['a']])
  t.ok(three.has('a'))
  t.notOk(three.with([], [['a']]).counts.has('a'))
  t.same([...one].sort(), ['a', 'b'], 'the earlier one is unchanged')
})

t.test('many changes are merged', async t => {
  const texts = Array.from({ length: 3_000 }, (_, i) => `text-${i}`)
  const { counts } = new Counts().with([texts], [])
  const { counts: fewer } = counts.with([], [texts.slice(1)])
  t.same([...fewer], ['text-0'])
  t.same([...fewer.with([['text-1', 'text-0']], []).counts].sort(), ['text-0', 'text-1'])
})
