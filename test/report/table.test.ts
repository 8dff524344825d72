import t from 'tap'
import { table } from '../../src/report/table.ts'
import { wrap } from '../../src/report/wrap.ts'

t.test('a table that is too wide has cells of several lines', async t => {
  const rows = [
    ['NAME', 'TEXT'],
    ['a', 'one two three'],
    ['a-very-long-name', 'x']
  ]
  for (const [columns, expected] of [
    [undefined, ['NAME              TEXT', 'a                 one two three', 'a-very-long-name  x']],
    [27, ['NAME              TEXT', 'a                 one two', '                  three', 'a-very-long-name  x']],
    [20, ['NAME        TEXT', 'a           one two', '            three', 'a-very-lon  x', 'g-name']],
    [1, ['NAME      TEXT', 'a         one two', '          three', 'a-very-l  x', 'ong-name']]
  ] as const)
    t.same(table(rows, columns), expected, `${columns}`)
  t.same(table([['', '']], 10), [''])
})

t.test('long lines are broken at spaces, and escape sequences take no columns', async t => {
  for (const [text, expected] of [
    ['short', 'short'],
    ['    one two three', '    one\n      two\n      three'],
    ['averylongword', 'averylongword'],
    ['a averylongword b', 'a\n  averylongword\n  b'],
    ['one two\nthree four five', 'one two\nthree four\n  five'],
    ['\u001b[31mone\u001b[0m two 3', '\u001b[31mone\u001b[0m two 3']
  ] as const)
    t.equal(wrap(text, 10), expected)
})
