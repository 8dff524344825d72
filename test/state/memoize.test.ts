import t from 'tap'
import { memoizedConcat } from '../../src/state/memoize.ts'

t.test('the same lists are concatenated once', async t => {
  const concat = memoizedConcat<string>()
  const [a, b, empty] = [['a1', 'a2'], ['b'], []]
  const joined = concat([a, b])
  t.same(joined, ['a1', 'a2', 'b'])
  t.equal(concat([a, b]), joined)
  for (const [lists, expected] of [
    [
      [b, a],
      ['b', 'a1', 'a2']
    ],
    [
      [a, b, empty],
      ['a1', 'a2', 'b']
    ],
    [
      [['a1', 'a2'], b],
      ['a1', 'a2', 'b']
    ],
    [[a], ['a1', 'a2']],
    [[], []]
  ]) {
    t.same(concat(lists as string[][]), expected)
    t.not(concat(lists as string[][]), joined)
  }
})
