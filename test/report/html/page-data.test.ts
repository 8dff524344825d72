import t from 'tap'
import { codeParts, fromRanges, toRanges, withNames, withoutNames } from '../../../src/report/html/page-data.ts'

t.test('data of models that differ only in their names is equal', async t => {
  const textsOf = (namespace: string, name: string) => ({
    texts: [`Pod ${namespace}/${name}-predictor-1`, `${name}.${namespace}.svc`, 'other/iris'],
    number: 3,
    nested: [{ text: name }, null]
  })
  t.same(
    withoutNames(textsOf('user1', 'a'.repeat(63)), `user1/${'a'.repeat(63)}`),
    withoutNames(textsOf('team', 'model-1'), 'team/model-1')
  )
})

t.test('names are put back', async t => {
  const texts = ['Pod user1/iris-predictor-1 of user1', 'pod', 'ok ""\\', '$& $1', '', '\ud800']
  for (const name of [
    'user1/iris',
    'user1/user1',
    'o/k',
    'iris/user1',
    '$&/$1',
    '"/\\',
    '/',
    'a/',
    '/a',
    'none',
    '\ud800/x'
  ]) {
    t.same(withNames(withoutNames(texts, name), name), texts, name)
  }
})

t.test('placeholders in a text are shown as unknown characters', async t => {
  t.same(withNames(withoutNames(['a\ue000b\ue001'], 'x/y'), 'x/y'), ['a\ufffdb\ufffd'])
})

t.test('positions are written as ranges', async t => {
  for (const [numbers, ranges] of [
    [[0], '0'],
    [[0, 1, 2, 5], '0-2,5'],
    [[3, 4, 8, 10, 11], '3-4,8,10-11']
  ] as const) {
    t.equal(toRanges(numbers), ranges)
    t.same(fromRanges(ranges), numbers)
  }
})

t.test('text between backticks is code', async t => {
  t.same(codeParts('404 `NR` here'), ['404 ', 'NR', ' here'])
  t.same(codeParts('503'), ['503'])
})
