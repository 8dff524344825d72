import t from 'tap'
import { replacementOf } from '../../src/report/text-replacement.ts'
import { applyReplacement } from '../support/replacement.ts'

const LINES = ['', 'a', 'b']
const pairs = LINES.flatMap(one => LINES.map(other => `${one}\n${other}`))
const TEXTS = [...LINES, ...pairs, ...pairs.flatMap(pair => LINES.map(one => `${pair}\n${one}`))]

t.test('a replacement makes one text of another', async t => {
  const wrong = TEXTS.flatMap(before =>
    TEXTS.filter(after => applyReplacement(before, replacementOf(before, after)) !== after).map(after => [
      before,
      after
    ])
  )
  t.same(wrong, [])
})

t.test('lines that stay are not replaced', async t => {
  t.same(replacementOf('a\nb\nc\nd\n', 'a\nx\ny\nc\nd\n'), {
    deletedRegion: { startLine: 2, startColumn: 1, endLine: 3, endColumn: 1 },
    insertedContent: { text: 'x\ny\n' }
  })
})
