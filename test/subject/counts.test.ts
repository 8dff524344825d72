import t from 'tap'
import { Counts } from '../../src/subject/counts.ts'

const changes = (...entries: readonly (readonly [string, number])[]) => new Map(entries)

t.test('a text is in the multiset as long as its count is positive', async t => {
  const { counts: one } = new Counts().with(changes(['a', 1], ['b', 1]))
  const { counts: two, diff } = one.with(changes(['a', 1], ['c', 1], ['b', -1]))
  t.same([...diff].sort(), ['b', 'c'])
  t.same([...two].sort(), ['a', 'c'])
  t.same([...two.with(changes(['d', 0])).diff], [])
  t.equal(two.with(changes()).counts, two)
  const { counts: three } = two.with(changes(['a', -1]))
  t.ok(three.has('a'))
  t.notOk(three.with(changes(['a', -1])).counts.has('a'))
  t.same([...one].sort(), ['a', 'b'], 'the earlier one is unchanged')
})

t.test('many changes add up as one does', async t => {
  const names = Array.from({ length: 300 }, (_, i) => `text-${i}`)
  const add = (counts: Counts, name: string, by: number) => counts.with(changes([name, by])).counts
  const all = names.reduce((counts, name) => add(counts, name, 1), new Counts())
  const { counts: sameAtOnce } = new Counts().with(changes(...names.map(name => [name, 1] as const)))
  t.same([...all].sort(), [...sameAtOnce].sort())
  const fewer = names.slice(1).reduce((counts, name) => add(counts, name, -1), all)
  t.same([...fewer], ['text-0'])
  t.same([...add(fewer, 'text-1', 1)].sort(), ['text-0', 'text-1'])
})

t.test('a difference has the texts whose presence changes', async t => {
  const before = new Counts([changes(['kept', 2], ['gone', 1])])
  const { diff } = before.with(changes(['kept', -1], ['gone', -1], ['new', 1]))
  t.same([...diff].sort(), ['gone', 'new'])
  t.notOk(diff.isEmpty)
  for (const [texts, expected] of [
    [['gone'], true],
    [['kept'], false],
    [['a', 'b', 'c', 'd', 'new'], true],
    [['a', 'b', 'c', 'd', 'kept'], false]
  ] as const) {
    t.equal(diff.intersects(new Set(texts)), expected, texts.join())
  }
  t.ok(before.with(changes(['kept', -1])).diff.isEmpty)
})
