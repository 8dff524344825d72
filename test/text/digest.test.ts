import t from 'tap'
import { digest } from '../../src/text/digest.ts'

t.test('equal values have the same digest, and others have another', async t => {
  const values = [[], {}, '', 'a', ['a'], [['a']], { a: 1 }, { a: '1' }, { b: 1 }, [1, 23], [12, 3]]
  for (const value of values) t.equal(digest(structuredClone(value)), digest(value), JSON.stringify(value))
  t.equal(new Set(values.map(digest)).size, values.length)
  t.ok(digest('x'.repeat(100_000)).length < 40)
})
