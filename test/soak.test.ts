import t from 'tap'
import { decisionError, readDecision } from '../scripts/soak-assertions.ts'
import { readOptions } from '../scripts/soak-options.ts'
import { seededRandom } from '../scripts/soak-random.ts'
import { formatResult, hasPassed, type SoakResult } from '../scripts/soak-report.ts'

const review = (response: object) => JSON.stringify({ response: { uid: 'u', ...response } })
const SKIPPED = 'not evaluated: path: Gateway is stale'

t.test('a response is denied, allowed or not evaluated', async t => {
  t.equal(readDecision(review({ allowed: false })), 'denied')
  t.equal(readDecision(review({ allowed: true })), 'allowed')
  t.equal(readDecision(review({ allowed: true, warnings: ['a warning'] })), 'allowed')
  t.equal(readDecision(review({ allowed: true, warnings: ['a warning', SKIPPED] })), 'not evaluated')
  t.equal(readDecision(review({ allowed: false, warnings: [SKIPPED] })), 'denied')
  for (const text of ['', '{}', '{"response":{}}']) t.throws(() => readDecision(text), text)
})

t.test('not evaluated is accepted only while the cache is stale', async t => {
  for (const [expected, decision, wasStale, error] of [
    ['denied', 'denied', false, undefined],
    ['denied', 'denied', true, undefined],
    ['denied', 'not evaluated', true, undefined],
    ['denied', 'not evaluated', false, 'a change: not evaluated, although the cache was synced'],
    ['denied', 'allowed', true, 'a change: allowed, expected denied'],
    ['denied', 'allowed', false, 'a change: allowed, expected denied'],
    ['allowed', 'allowed', true, undefined],
    ['allowed', 'not evaluated', true, undefined],
    ['allowed', 'not evaluated', false, 'a change: not evaluated, although the cache was synced'],
    ['allowed', 'denied', true, 'a change: denied, expected allowed'],
    ['answered', 'denied', false, undefined],
    ['answered', 'allowed', false, undefined],
    ['answered', 'not evaluated', false, undefined]
  ] as const) {
    const request = { name: 'a change', path: '/validate', body: '', expected } as const
    t.equal(decisionError(request, decision, wasStale), error, `${expected}, ${decision}, ${wasStale}`)
  }
})

t.test('any error is listed and fails the soak', async t => {
  const memory = { start: { rssMb: 1, heapMb: 2 }, end: { rssMb: 3, heapMb: 4 } }
  const tally = { decisions: new Map([['denied', 2] as const]), wrong: [], failedHandshakes: [], failedRequests: [] }
  const rounds = { played: new Map(), convergence: [] }
  const rotations = { servingCertificates: 6, cas: 7 }
  const passed: SoakResult = { tally, rounds, rotations, relists: 5, memory, problems: [] }
  t.ok(hasPassed(passed))
  t.match(formatResult(passed), [
    '2 answers (2 denied), 0 wrong',
    '0 failed handshakes, 0 failed requests',
    '0 faults of 0 kinds in 0 rounds',
    '6 rotations of the serving certificate, 7 of the CA',
    '5 relists',
    'RSS 1 MiB and heap 2 MiB at the start, RSS 3 MiB and heap 4 MiB at the end'
  ])
  for (const counter of ['wrong', 'failedHandshakes', 'failedRequests'] as const) {
    const failed = { ...passed, tally: { ...tally, [counter]: ['why', 'b', 'c', 'd', 'e', 'f'] } }
    t.notOk(hasPassed(failed), counter)
    t.match(formatResult(failed).slice(-6), [/: why$/, / b$/, / c$/, / d$/, / e$/, 'and 1 more'])
  }
  t.notOk(hasPassed({ ...passed, problems: ['why'] }))
  const convergence = [30, 10, 20].map(ms => ({ ms, after: `fault ${ms}` }))
  const played = new Map([['a fault', 3]])
  t.match(formatResult({ ...passed, rounds: { played, convergence } }).slice(2, 6), [
    '3 faults of 1 kinds in 3 rounds',
    '  3 x a fault',
    'caches synced after 20 ms (median), 30 ms (maximum)',
    '  (fault 30)'
  ])
})

t.test('equal seeds give equal numbers', async t => {
  const drawn = (seed: number) => {
    const { below, pick, shuffle } = seededRandom(seed)
    return [below(1_000), pick(['a', 'b', 'c']), shuffle([1, 2, 3, 4, 5])]
  }
  t.same(drawn(1), drawn(1))
  t.notSame(drawn(1), drawn(2))
  t.same([...seededRandom(3).shuffle([3, 1, 2])].sort(), [1, 2, 3])
  t.throws(() => seededRandom(1).pick([]), /cannot pick from an empty list/)
})

t.test('invalid options are rejected', async t => {
  for (const [args, message] of [
    [['--seconds', 'long'], /--seconds long/],
    [['--seconds', '0'], /--seconds 0/],
    [['--seed', '1.5'], /--seed 1.5/],
    [['--sec', '1'], /^[^\n]*--sec[^\n]*$/]
  ] as const) {
    t.throws(() => readOptions(args), { message }, args.join(' '))
  }
  t.same(readOptions(['--seconds', '30', '--seed', '7']), { seconds: 30, seed: 7 })
  t.match(readOptions([]), { seconds: 600, seed: Number })
})
