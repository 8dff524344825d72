import t from 'tap'
import { syncGracePeriod } from '../../src/controller/sync-grace-period.ts'
import { testClock } from '../support/clock.ts'

t.test('grace period is active while the cache is not synced, and shortly after', async t => {
  for (const [name, seen, expected] of [
    ['always synced', [[5, true]], false],
    ['not synced at the start', [[5, false]], true],
    [
      'not synced for less than two minutes',
      [
        [10, true],
        [115, false]
      ],
      true
    ],
    [
      'not synced for two minutes',
      [
        [10, true],
        [125, false]
      ],
      false
    ],
    [
      'synced again for less than half a minute',
      [
        [10, true],
        [10, false],
        [25, true]
      ],
      true
    ],
    [
      'synced again for half a minute',
      [
        [10, true],
        [10, false],
        [35, true]
      ],
      false
    ],
    [
      'not synced a second time',
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

t.test('isActive reads the current cache state', async t => {
  const clock = testClock()
  let isKnown = true
  const { isActive } = syncGracePeriod(() => isKnown, clock)
  t.notOk(isActive())
  isKnown = false
  t.ok(isActive())
})
