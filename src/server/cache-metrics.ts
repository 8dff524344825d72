import { Counter, Gauge, type Registry } from 'prom-client'
import { toSeconds } from '../evaluator/cache-summary.ts'
import type { KindHealth, StateSource, WatchCounters } from '../sources/source.ts'

/** Line of `/readyz` for a kind. */
export function describeCacheState({ kind, name, health, why, objects, stalenessMs }: KindHealth): string {
  const summary = `${name === undefined ? kind : `${kind} ${name}`}: ${health}, ${objects} objects`
  if (health === 'static') return summary
  const age = Number.isFinite(stalenessMs) ? `last synced ${toSeconds(stalenessMs)} s ago` : 'never synced'
  return `${summary}, ${age}${why === '' ? '' : ` (${why})`}`
}

/** Registers size, staleness and errors of the cache, by kind. */
export function registerCacheMetrics(registry: Registry, source: Pick<StateSource, 'health'>): void {
  const registers = [registry]
  new Gauge({
    name: 'mesh_guard_cache_objects',
    help: 'Objects in the cache, by kind and cache state',
    labelNames: ['kind', 'state'],
    registers,
    collect() {
      this.reset()
      for (const { kind, health, objects } of source.health()) this.inc({ kind, state: health }, objects)
    }
  })
  new Gauge({
    name: 'mesh_guard_cache_staleness_seconds',
    help: 'Seconds since the cache was last known to match the API server, by kind; +Inf if it never was',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, stalenessMs] of maxStaleness(source.health())) this.set({ kind }, stalenessMs / 1000)
    }
  })
  const count = (name: string, help: string, toTimes: ToTimes) => exportCounter(registry, source, name, help, toTimes)
  count('mesh_guard_relists_total', 'Lists after the initial one, by kind', ({ relists }) => [[{}, relists]])
  count(
    'mesh_guard_watch_decode_errors_total',
    'Lines of a watch that could not be decoded as an event, by kind',
    ({ malformed }) => [[{}, malformed]]
  )
  count('mesh_guard_watch_errors_total', 'Failed lists and watches, by kind and reason', ({ errors }) =>
    [...errors].map(([reason, times]) => [{ reason }, times])
  )
}

type ToTimes = (counters: WatchCounters) => readonly (readonly [{ readonly reason?: string }, number])[]

/** Exports counters that the source keeps. */
function exportCounter(
  registry: Registry,
  source: Pick<StateSource, 'health'>,
  name: string,
  help: string,
  toTimes: ToTimes
): void {
  new Counter({
    name,
    help,
    labelNames: ['kind', 'reason'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { kind, counters } of source.health()) {
        for (const [labels, times] of toTimes(counters)) this.inc({ kind, ...labels }, times)
      }
    }
  })
}

/** Largest staleness per kind; a kind can have several caches. */
function maxStaleness(kinds: readonly KindHealth[]): ReadonlyMap<string, number> {
  const ages = new Map<string, number>()
  for (const { kind, stalenessMs } of kinds) ages.set(kind, Math.max(ages.get(kind) ?? 0, stalenessMs))
  return ages
}
