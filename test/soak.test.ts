import t from 'tap'
import { faultIn, readVerdict } from '../scripts/soak-assertions.ts'
import { readOptions } from '../scripts/soak-options.ts'
import { randomOf } from '../scripts/soak-random.ts'
import { describe, isSound, type Outcome } from '../scripts/soak-report.ts'

const review = (response: object) => JSON.stringify({ response: { uid: 'u', ...response } })
const SKIPPED = 'not evaluated: path: Gateway is stale'

t.test('a response is denied, allowed or not evaluated', async t => {
  t.equal(readVerdict(review({ allowed: false })), 'refused')
  t.equal(readVerdict(review({ allowed: true })), 'allowed')
  t.equal(readVerdict(review({ allowed: true, warnings: ['a warning'] })), 'allowed')
  t.equal(readVerdict(review({ allowed: true, warnings: ['a warning', SKIPPED] })), 'not evaluated')
  t.equal(readVerdict(review({ allowed: false, warnings: [SKIPPED] })), 'refused')
  for (const text of ['', '{}', '{"response":{}}']) t.throws(() => readVerdict(text), text)
})

t.test('a change may be unevaluated only while a kind is unreadable', async t => {
  for (const [expected, verdict, wasUnknown, fault] of [
    ['refused', 'refused', false, undefined],
    ['refused', 'refused', true, undefined],
    ['refused', 'not evaluated', true, undefined],
    ['refused', 'not evaluated', false, 'a change: not evaluated, while all was known'],
    ['refused', 'allowed', true, 'a change: allowed, and should have been refused'],
    ['refused', 'allowed', false, 'a change: allowed, and should have been refused'],
    ['allowed', 'allowed', true, undefined],
    ['allowed', 'not evaluated', true, undefined],
    ['allowed', 'not evaluated', false, 'a change: not evaluated, while all was known'],
    ['allowed', 'refused', true, 'a change: refused, and should have been allowed'],
    ['answered', 'refused', false, undefined],
    ['answered', 'allowed', false, undefined],
    ['answered', 'not evaluated', false, undefined]
  ] as const) {
    const question = { name: 'a change', path: '/validate', body: '', expected } as const
    t.equal(faultIn(question, verdict, wasUnknown), fault, `${expected}, ${verdict}, ${wasUnknown}`)
  }
})

t.test('every failure is reported and fails the run', async t => {
  const memory = { start: { rssMb: 1, heapMb: 2 }, end: { rssMb: 3, heapMb: 4 } }
  const tally = { verdicts: new Map([['refused', 2] as const]), wrong: [], handshakes: [], requests: [] }
  const rounds = { played: new Map(), settled: [] }
  const rotations = { leaves: 6, authorities: 7 }
  const sound: Outcome = { tally, rounds, rotations, relists: 5, memory, problems: [] }
  t.ok(isSound(sound))
  t.match(describe(sound), [
    '2 answers (2 refused), 0 wrong',
    '0 failed handshakes, 0 failed requests',
    '0 faults of 0 kinds in 0 rounds',
    '6 leaves and 7 authorities changed because of their age',
    '5 relists',
    'RSS 1 MiB and heap 2 MiB at the start, RSS 3 MiB and heap 4 MiB at the end'
  ])
  for (const what of ['wrong', 'handshakes', 'requests'] as const) {
    const failed = { ...sound, tally: { ...tally, [what]: ['why', 'b', 'c', 'd', 'e', 'f'] } }
    t.notOk(isSound(failed), what)
    t.match(describe(failed).slice(-6), [/: why$/, / b$/, / c$/, / d$/, / e$/, 'and 1 more'])
  }
  t.notOk(isSound({ ...sound, problems: ['why'] }))
  const settled = [30, 10, 20].map(ms => ({ ms, after: `fault ${ms}` }))
  const played = new Map([['a fault', 3]])
  t.match(describe({ ...sound, rounds: { played, settled } }).slice(2, 6), [
    '3 faults of 1 kinds in 3 rounds',
    '  3 x a fault',
    'all known again after 20 ms at the median, 30 ms at most',
    '  (fault 30)'
  ])
})

t.test('the same seed draws the same values', async t => {
  const drawn = (seed: number) => {
    const { below, pick, shuffle } = randomOf(seed)
    return [below(1_000), pick(['a', 'b', 'c']), shuffle([1, 2, 3, 4, 5])]
  }
  t.same(drawn(1), drawn(1))
  t.notSame(drawn(1), drawn(2))
  t.same([...randomOf(3).shuffle([3, 1, 2])].sort(), [1, 2, 3])
  t.throws(() => randomOf(1).pick([]), /nothing to pick from/)
})

t.test('invalid options are errors', async t => {
  for (const [args, said] of [
    [['--seconds', 'long'], /--seconds long/],
    [['--seconds', '0'], /--seconds 0/],
    [['--seed', '1.5'], /--seed 1.5/],
    [['--sec', '1'], /^[^\n]*--sec[^\n]*$/]
  ] as const) {
    t.throws(() => readOptions(args), { message: said }, args.join(' '))
  }
  t.same(readOptions(['--seconds', '30', '--seed', '7']), { seconds: 30, seed: 7 })
  t.match(readOptions([]), { seconds: 600, seed: Number })
})
