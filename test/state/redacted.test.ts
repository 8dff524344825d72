import t from 'tap'
import { REDACTED, REDACTED_ENV, withoutRedaction } from '../../src/state/redacted.ts'

for (const [title, captured, other, expected] of [
  ['a placeholder is the other value', { a: REDACTED, b: 1 }, { a: 'x', b: 2 }, { a: 'x', b: 1 }],
  [
    'a placeholder of an environment is the other environment',
    { env: REDACTED_ENV },
    { env: [{ name: 'A' }] },
    { env: [{ name: 'A' }] }
  ],
  ['a placeholder without another value is absent', [{ env: REDACTED_ENV }], [], [{ env: undefined }]],
  ['another environment stays', { env: [{ name: 'A' }], args: ['b'] }, {}, { env: [{ name: 'A' }], args: ['b'] }],
  ['a value that is no map stays', { a: null, b: [] }, null, { a: null, b: [] }]
] as const) {
  t.test(title, async t => {
    t.strictSame(withoutRedaction(captured, other), expected)
  })
}
