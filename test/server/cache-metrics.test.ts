import t from 'tap'
import { summarizeCache } from '../../src/evaluator/cache-summary.ts'
import { describeCacheState } from '../../src/server/cache-metrics.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { type KindHealth, type WatchCounters, ZERO_COUNTERS } from '../../src/sources/source.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { healthOnly } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'

const NEVER = Number.POSITIVE_INFINITY
const some = (kind: KindHealth['kind'], more: Partial<KindHealth> = {}): KindHealth => ({
  kind,
  health: 'synced',
  why: '',
  objects: 0,
  stalenessMs: 0,
  counters: ZERO_COUNTERS,
  ...more
})
const counters = (relists: number, malformed: number, errors: Readonly<Record<string, number>>): WatchCounters => ({
  relists,
  malformed,
  errors: new Map(Object.entries(errors))
})

/** Exposed metrics, without comments. */
async function measure(kinds: readonly KindHealth[], times = 1): Promise<readonly string[]> {
  const { registry } = createMetrics(healthOnly({ health: () => kinds }))
  for (let i = 1; i < times; i++) await registry.metrics()
  return (await registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
}

t.test('metrics are exported by kind, and several caches of a kind are combined', async t => {
  const kinds = [
    some('Pod', { objects: 3, stalenessMs: 1_500, counters: counters(2, 1, { malformed: 1, 410: 1 }) }),
    some('ConfigMap', { objects: 4, stalenessMs: 61_000, counters: counters(1, 0, { unreachable: 2 }) }),
    some('ConfigMap', { objects: 5, stalenessMs: 2_000, counters: counters(3, 0, { unreachable: 5 }) }),
    some('Gateway', { health: 'starting', stalenessMs: NEVER })
  ]
  const lines = await measure(kinds, 3)
  for (const line of [
    'mesh_guard_cache_objects{kind="Pod",state="synced"} 3',
    'mesh_guard_cache_objects{kind="ConfigMap",state="synced"} 9',
    'mesh_guard_cache_objects{kind="Gateway",state="starting"} 0',
    'mesh_guard_cache_staleness_seconds{kind="Pod"} 1.5',
    'mesh_guard_cache_staleness_seconds{kind="ConfigMap"} 61',
    'mesh_guard_cache_staleness_seconds{kind="Gateway"} +Inf',
    'mesh_guard_relists_total{kind="Pod"} 2',
    'mesh_guard_relists_total{kind="ConfigMap"} 4',
    'mesh_guard_watch_decode_errors_total{kind="Pod"} 1',
    'mesh_guard_watch_decode_errors_total{kind="ConfigMap"} 0',
    'mesh_guard_watch_errors_total{kind="Pod",reason="malformed"} 1',
    'mesh_guard_watch_errors_total{kind="Pod",reason="410"} 1',
    'mesh_guard_watch_errors_total{kind="ConfigMap",reason="unreachable"} 7'
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.equal(lines.filter(line => line.startsWith('mesh_guard_watch_errors_total')).length, 3)
})

t.test('readiness line has the cache state', async t => {
  for (const [line, kind] of [
    ['Pod: synced, 3 objects, last synced 61.2 s ago', some('Pod', { objects: 3, stalenessMs: 61_234 })],
    [
      'Pod: forbidden, 0 objects, never synced (403)',
      some('Pod', { health: 'forbidden', why: '403', stalenessMs: NEVER })
    ],
    ['Pod: static, 3 objects', some('Pod', { health: 'static', objects: 3 })]
  ] as const) {
    t.equal(describeCacheState(kind), line)
  }
})

t.test('log fields name the stalest kind and the kinds that are not synced', async t => {
  t.same(summarizeCache([some('Pod', { stalenessMs: 61_234 }), some('Gateway')]), {
    stalest: 'Pod',
    stalenessSeconds: 61.2,
    notSynced: {}
  })
  t.same(
    summarizeCache([
      some('Pod', { health: 'stale', stalenessMs: 5_000 }),
      some('Gateway', { health: 'forbidden', stalenessMs: NEVER }),
      some('Sidecar', { health: 'absent' })
    ]),
    {
      stalest: 'Gateway',
      stalenessSeconds: 'never synced',
      notSynced: { Pod: 'stale', Gateway: 'forbidden', Sidecar: 'absent' }
    }
  )
  t.same(summarizeCache(staticSource(stockWith()).health()), {
    stalest: 'InferenceService',
    stalenessSeconds: 0,
    notSynced: {}
  })
})
