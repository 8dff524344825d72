import { join } from 'node:path'
import t from 'tap'
import { meshGuard } from '../support/command.ts'
import { model, namespace, pod } from '../support/objects.ts'

const examples = join(import.meta.dirname, '../../examples')
const OUTCOMES = join(examples, 'four-outcomes')
const DENIED = 'policy-denies-request-path: AuthorizationPolicy user1/allow-serving-tests denies sidecars in user2 at'

async function assert(text: string, against = OUTCOMES, ...argv: readonly string[]) {
  const file = join(t.testdir({ 'access.yaml': text }), 'access.yaml')
  const { code, out, err } = await meshGuard('access', '--against', against, '--assert', file, ...argv)
  return { code, lines: out.trimEnd().split('\n'), out, err: err.replace(file, 'access.yaml') }
}

t.test('assertions about callers', async t => {
  for (const [name, text, code, lines] of [
    [
      'an expected caller',
      '- { inferenceService: user1/sklearn-iris, callers: [user1/httpbin-1] }',
      0,
      ['all assertions hold']
    ],
    [
      'a caller that is denied',
      '- { inferenceService: user1/sklearn-iris, callers: [user2/*] }',
      1,
      [`user1/sklearn-iris: user2/sleep-1 cannot call it: ${DENIED} user1/sklearn-iris (403)`, '1 violation']
    ],
    [
      'another caller that is not denied',
      '- { inferenceService: user1/sklearn-iris, callers: [user1/httpbin-1], others: denied }',
      1,
      [
        'user1/sklearn-iris: user1/sklearn-iris-burst-1 can call it via InferenceService URL or via component host',
        '1 violation'
      ]
    ],
    [
      'no other caller',
      '- { inferenceService: user1/sklearn-iris, callers: [user1/*], others: denied }',
      0,
      ['all assertions hold']
    ],
    [
      'names that do not exist',
      '- { inferenceService: user1/none }\n- { inferenceService: user1/*, callers: [batch/*] }',
      1,
      [
        'user1/none: no InferenceService has this name',
        'user1/*: no running workload has the name batch/*',
        '2 violations'
      ]
    ]
  ] as const) {
    const { code: actual, lines: printed } = await assert(text)
    t.same([actual, printed], [code, lines], name)
  }
})

t.test('a call that is not evaluated holds no assertion', async t => {
  const folder = t.testdir({
    'state.yaml': [
      namespace('istio.io/dataplane-mode: ambient'),
      model(''),
      pod('user2', 'caller', 'app: caller', 'sidecar')
    ].join('---')
  })
  const { code, out } = await assert('- { inferenceService: user1/new, others: denied }', folder)
  t.equal(code, 1)
  t.match(out, /^user1\/new: user2\/caller is not evaluated: /)
})

t.test('assertions are printed as JSON, and checked', async t => {
  for (const format of ['wide', 'mermaid', 'html']) {
    const { lines } = await assert('- { inferenceService: user1/none }', OUTCOMES, '-o', format)
    t.equal(lines.at(-1), '1 violation', `${format} is text`)
  }
  const { out } = await assert('- { inferenceService: user1/none }', OUTCOMES, '-o', 'json')
  t.same(JSON.parse(out), { violations: ['user1/none: no InferenceService has this name'] })
  t.match(await assert('- { inferenceService: a/b, caller: [c] }'), {
    code: 2,
    err: /access\.yaml:1: \[0\]\.caller: unknown key; did you mean callers\?/
  })
})
