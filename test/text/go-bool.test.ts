import t from 'tap'
import { parseGoBool } from '../../src/text/go-bool.ts'

t.test('texts are booleans as in Go', async t => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) t.equal(parseGoBool(text), true, text)
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) t.equal(parseGoBool(text), false, text)
  for (const text of ['', 'yes', 'tRUE', 'on', '2']) t.equal(parseGoBool(text), undefined, text)
})
