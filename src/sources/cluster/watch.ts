import { isDeepStrictEqual } from 'node:util'
import type { Kind } from '../../state/resource.ts'
import type { Settings, Snapshot } from '../../state/snapshot.ts'
import type { StateSource } from '../source.ts'
import { type Collection, collectionsOf } from './collections.ts'
import { project } from './projection.ts'
import { type Listener, reflect, TIMING, type Timing } from './reflector.ts'
import { Store } from './store.ts'
import { Evidence, type Health } from './sync-status.ts'
import type { Transport } from './transport.ts'
import type { Trouble } from './watch-error.ts'

export interface ClusterOptions {
  readonly settings: Settings
  /** An object that cannot be read as what its kind says. */
  readonly onFault: (message: string) => void
  readonly onHealth: (kind: Kind, health: Health, why: string) => void
  readonly timing?: Timing
  /** So long knowledge may be out of date before it counts as unknown. */
  readonly graceMs?: number
}

const GRACE_MS = 10_000

/** Keeps the state of a live cluster. What it cannot keep, the state says. */
export function watchCluster(transport: Transport, options: ClusterOptions): StateSource {
  const { settings, timing = TIMING, graceMs = GRACE_MS } = options
  const store = new Store(settings)
  const known = new Map(collectionsOf(settings).map(one => [one, new Evidence()]))
  const stop = new AbortController()
  const running = [...known].map(([collection, evidence]) => {
    const listener = listen(collection, evidence, store, options)
    return reflect({ transport, collection, listener, signal: stop.signal, timing })
  })

  let last: { readonly folded: Snapshot; readonly state: Snapshot } | undefined
  return {
    current: () => {
      const folded = store.snapshot()
      const unreadable = toUnreadable(known, graceMs)
      if (last?.folded !== folded || !isDeepStrictEqual(last.state.unreadable, unreadable)) {
        last = { folded, state: folded.withUnreadable(unreadable) }
      }
      return last.state
    },
    health: () =>
      [...known].map(([collection, { health, why, ageMs, troubles }]) => ({
        kind: collection.kind,
        health,
        why,
        objects: store.count(collection),
        ageMs,
        troubles
      })),
    close: async () => {
      stop.abort()
      await Promise.all(running)
    }
  }
}

/** What a collection tells goes into the store, and into what we know of it. */
function listen(collection: Collection, evidence: Evidence, store: Store, options: ClusterOptions): Listener {
  const read = (object: unknown) => project(object, message => quietly(() => options.onFault(message)))
  const turn = (health: Health, why: string) => {
    if (evidence.turn(health, why)) quietly(() => options.onHealth(collection.kind, health, why))
  }
  return {
    read: object => read(object).map(resource => store.reuse(resource)),
    replace: resources => {
      store.replace(collection, resources)
      evidence.countList()
    },
    put: (object, place) => {
      const [resource] = read(object)
      // What it was is not what it is: better to know nothing of it, as after a list.
      if (resource === undefined) store.remove(collection, place)
      else store.put(collection, resource)
    },
    remove: place => store.remove(collection, place),
    proven: () => evidence.prove(),
    watching: () => turn('synced', ''),
    absent: why => {
      store.replace(collection, [])
      evidence.prove()
      turn('absent', why)
    },
    trouble: trouble => {
      evidence.countTrouble(trouble)
      turn(toHealth(trouble, evidence), trouble.message)
    }
  }
}

function toHealth({ reason }: Trouble, { wasGood }: Evidence): Health {
  if (reason === '403') return 'forbidden'
  // What was never known cannot be out of date.
  return wasGood ? 'stale' : 'starting'
}

function toUnreadable(known: ReadonlyMap<Collection, Evidence>, graceMs: number): ReadonlyMap<Kind, string> {
  const unusable = [...known].filter(([, evidence]) => !evidence.isUsable(graceMs))
  return new Map(unusable.map(([{ kind }, { health, why }]) => [kind, `${health}: ${why}`]))
}

/** Those who are told must not be able to stop us. */
function quietly(tell: () => void): void {
  try {
    tell()
  } catch {
    // There is nobody left to tell.
  }
}
