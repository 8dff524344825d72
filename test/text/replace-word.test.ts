import t from 'tap'
import { replaceWord } from '../../src/text/replace-word.ts'

t.test('a name is replaced where it is not part of a longer word', async t => {
  for (const [text, expected] of [
    ['a', '@'],
    ['a.user1.svc', '@.user1.svc'],
    ['x-a-predictor a', 'x-@-predictor @'],
    ['aa', 'aa'],
    ['ba', 'ba'],
    ['a1', 'a1'],
    ['', ''],
    ['b', 'b']
  ] as const) {
    t.equal(replaceWord(text, 'a', '@'), expected, text)
  }
  t.equal(replaceWord('a-a-a', 'a-a', '@'), '@-a', 'overlapping matches')
})
