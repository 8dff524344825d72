import type { Kind } from '../../model/resource.ts'
import { type Settings, Snapshot } from '../../model/snapshot.ts'
import type { StateSource } from '../source.ts'
import { type Collection, collectionsOf, readQuietly } from './collections.ts'
import { type Health, type Listener, reflect, TIMING, type Timing } from './reflector.ts'
import type { Transport } from './transport.ts'

export interface ClusterOptions {
  readonly settings: Settings
  /** An object that cannot be read as what its kind says. */
  readonly onFault: (message: string) => void
  readonly onHealth: (kind: Kind, health: Health, why: string) => void
  readonly timing?: Timing
  /** So long knowledge may be out of date before it counts as unknown. */
  readonly graceMs?: number
}

interface Known {
  readonly health: Health
  readonly why: string
  /** On a clock that never jumps. */
  readonly sinceMs: number
}

const GRACE_MS = 10_000

/** Keeps the state of a live cluster. What it cannot keep, the state says. */
export function watchCluster(transport: Transport, options: ClusterOptions): StateSource {
  const { settings, onFault, onHealth, timing = TIMING, graceMs = GRACE_MS } = options
  const collections = collectionsOf(settings)
  const known = new Map<Collection, Known>(
    collections.map(one => [one, { health: 'starting', why: 'not listed yet', sinceMs: performance.now() }])
  )
  const stop = new AbortController()
  let state = Snapshot.of([], settings)

  const read = (object: unknown) => readQuietly(object, onFault)
  const listener = (collection: Collection): Listener => ({
    replace: objects => {
      state = state.withAll(collection.kind, objects.flatMap(read), collection.namespace)
    },
    put: object => {
      for (const after of read(object)) state = state.apply({ operation: 'CREATE', after })
    },
    remove: object => {
      for (const before of read(object)) state = state.apply({ operation: 'DELETE', before })
    },
    health: (health, why) => {
      const last = known.get(collection)
      if (last?.health === health) return
      if (health === 'absent') state = state.withAll(collection.kind, [], collection.namespace)
      known.set(collection, { health, why, sinceMs: performance.now() })
      onHealth(collection.kind, health, why)
    }
  })
  const running = collections.map(one =>
    reflect({ transport, path: one.path, listener: listener(one), signal: stop.signal, timing })
  )

  return {
    current: () => state.withUnreadable(unreadable(known, graceMs)),
    health: () =>
      [...known].map(([{ kind, namespace }, { health, why }]) => {
        return { kind, health, why, objects: state.list(kind, namespace).length }
      }),
    close: async () => {
      stop.abort()
      await Promise.all(running)
    }
  }
}

/** A kind that the server does not have is known to have no objects; a short loss of the watch is no loss of knowledge. */
function unreadable(known: ReadonlyMap<Collection, Known>, graceMs: number): ReadonlyMap<Kind, string> {
  const kinds = new Map<Kind, string>()
  for (const [{ kind }, { health, why, sinceMs }] of known) {
    if (health === 'synced' || health === 'absent') continue
    if (health === 'stale' && performance.now() - sinceMs < graceMs) continue
    kinds.set(kind, `${health}: ${why}`)
  }
  return kinds
}
