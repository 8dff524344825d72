import t from 'tap'
import { getKnown, getOrAdd } from '../../src/state/map.ts'

t.test('a value is added once, and a known one is required', async t => {
  const map = new Map<string, number>()
  t.equal(
    getOrAdd(map, 'a', () => 1),
    1
  )
  t.equal(
    getOrAdd(map, 'a', () => 2),
    1
  )
  t.equal(getKnown(map, 'a'), 1)
  t.throws(() => getKnown(map, 'b'), { message: 'the map has no such key' })
})
