import t from 'tap'
import { failureLines } from '../../src/report/hop-text.ts'

const object = { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: 'a' }
const fix = { text: 'Do this', apply: [{ kind: 'Namespace' }], remove: [] }

t.test('a failure is printed with what is known of it', async t => {
  const failure = { rule: 'some-rule', message: 'what', symptom: '503' }
  t.same(failureLines(failure, false), ['some-rule: what'])
  const known = { ...failure, object, field: 'metadata', fix }
  t.same(failureLines(known, false), [
    'some-rule: what',
    'at Namespace a metadata',
    'fix: Do this (--show-fix prints the objects)'
  ])
  t.same(failureLines(known, true).slice(2), ['fix: Do this', '  kind: Namespace'])
})
