import t from 'tap'
import { syncGracePeriod } from '../../src/controller/sync-grace-period.ts'
import { testClock } from '../support/clock.ts'

t.test('a self-test that fails is excused while the state is not known, and until we are found again', async t => {
  for (const [name, seen, expected] of [
    ['known all the time', [[5, true]], false],
    ['not known at the start', [[5, false]], true],
    [
      'not known for less than two minutes',
      [
        [10, true],
        [115, false]
      ],
      true
    ],
    [
      'not known for two minutes',
      [
        [10, true],
        [125, false]
      ],
      false
    ],
    [
      'known again of late',
      [
        [10, true],
        [10, false],
        [25, true]
      ],
      true
    ],
    [
      'known again for half a minute',
      [
        [10, true],
        [10, false],
        [35, true]
      ],
      false
    ],
    [
      'not known once more',
      [
        [10, true],
        [10, false],
        [40, true],
        [115, false]
      ],
      true
    ]
  ] as const) {
    const clock = testClock()
    let isKnown: boolean = seen[0][1]
    const stop = new AbortController()
    const { run, isActive } = syncGracePeriod(() => isKnown, clock)
    const keeping = run(stop.signal)
    for (const [seconds, next] of seen) {
      isKnown = next
      await clock.pass(seconds * 1_000)
    }
    t.equal(isActive(), expected, name)
    stop.abort()
    await keeping
  }
})

t.test('what is asked in between is seen at once', async t => {
  const clock = testClock()
  let isKnown = true
  const { isActive } = syncGracePeriod(() => isKnown, clock)
  t.notOk(isActive())
  isKnown = false
  t.ok(isActive())
})
