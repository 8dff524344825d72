import t from 'tap'
import { hasLabels, selects, selectsPartlyKnown } from '../../src/text/selector.ts'

const selector = (key: string, operator: string, ...values: readonly string[]) => ({
  matchLabels: {},
  matchExpressions: [{ key, operator, values }]
})

t.test('matchLabels requires every label', async t => {
  t.ok(hasLabels({ a: '1', b: '2' }, { a: '1' }))
  t.notOk(hasLabels({ a: '2' }, { a: '1' }))
  t.ok(hasLabels({}, {}))
})

t.test('matchLabels and matchExpressions select labels', async t => {
  for (const [name, what, labels, selected] of [
    ['no selector', undefined, {}, true],
    ['equal labels', { matchLabels: { a: '1' }, matchExpressions: [] }, { a: '1' }, true],
    ['different labels', { matchLabels: { a: '1' }, matchExpressions: [] }, { a: '2' }, false],
    ['In', selector('a', 'In', '1', '2'), { a: '2' }, true],
    ['In, no label', selector('a', 'In', '1'), {}, false],
    ['NotIn', selector('a', 'NotIn', '1'), { a: '1' }, false],
    ['NotIn, no label', selector('a', 'NotIn', '1'), {}, true],
    ['Exists', selector('a', 'Exists'), { a: '' }, true],
    ['DoesNotExist', selector('a', 'DoesNotExist'), { a: '' }, false],
    ['DoesNotExist, no label', selector('a', 'DoesNotExist'), {}, true],
    ['key of the object prototype', selector('constructor', 'Exists'), {}, false],
    ['unknown operator', selector('a', 'Near', '1'), { a: '1' }, false]
  ] as const) {
    t.equal(selects(what, labels), selected, name)
  }
})

t.test('a selector of a label that is not known has an unknown result', async t => {
  const some = { matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['2'] }] }
  for (const [name, labels, unknown, selected] of [
    ['every label is known', { a: '1' }, [], true],
    ['a value that is known', { a: '2' }, ['b'], false],
    ['matchLabels', {}, ['a'], undefined],
    ['matchExpressions', { a: '1' }, ['b'], undefined],
    ['another label is not known', { a: '1' }, ['c'], true]
  ] as const) {
    t.equal(
      selectsPartlyKnown(some, labels, key => unknown.some(one => one === key)),
      selected,
      name
    )
  }
})
