import { KINDS, type Kind, type Resource } from '../../model/resource.ts'
import { type Settings, Snapshot } from '../../model/snapshot.ts'
import { InvalidObject, readResource } from '../manifest.ts'
import type { StateSource } from '../source.ts'
import { list, ServerError } from './list.ts'
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

/** One collection to keep: a kind, or of ConfigMaps those of one namespace. */
interface Collection {
  readonly kind: Kind
  readonly namespace: string | undefined
  readonly path: string
}

interface Known {
  readonly health: Health
  readonly why: string
  /** On a clock that never jumps. */
  readonly sinceMs: number
}

const GRACE_MS = 10_000

/** ConfigMaps are read in the namespaces where those lie that decide, and nowhere else. */
export function collectionsOf({ istioNamespace, knativeNamespace, kserveNamespace }: Settings): readonly Collection[] {
  return (Object.keys(KINDS) as Kind[]).flatMap((kind): readonly Collection[] => {
    const { group, version, plural } = KINDS[kind]
    const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    if (kind !== 'ConfigMap') return [{ kind, namespace: undefined, path: `${base}/${plural}` }]
    return [...new Set([istioNamespace, knativeNamespace, kserveNamespace])].map(namespace => ({
      kind,
      namespace,
      path: `${base}/namespaces/${namespace}/${plural}`
    }))
  })
}

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

/** A cluster as it is now, and the objects as the server sent them. */
export interface ReadCluster {
  readonly state: Snapshot
  readonly objects: readonly unknown[]
}

/** Reads a cluster once. */
export async function readCluster(
  transport: Transport,
  settings: Settings,
  onFault: (message: string) => void
): Promise<ReadCluster> {
  const resources: Resource[] = []
  const all: unknown[] = []
  const unreadable = new Map<Kind, string>()
  for (const { kind, path } of collectionsOf(settings)) {
    try {
      const { objects } = await list(transport, path, AbortSignal.timeout(LIST_TIMEOUT_MS))
      all.push(...objects)
      for (const object of objects) resources.push(...readQuietly(object, onFault))
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      // A kind that the server does not have has no objects.
      if (error.status !== 404) unreadable.set(kind, error.message)
    }
  }
  return { state: Snapshot.of(resources, settings, unreadable), objects: all }
}

const LIST_TIMEOUT_MS = 60_000

function readQuietly(object: unknown, onFault: (message: string) => void): readonly Resource[] {
  try {
    const resource = readResource(object)
    return resource === undefined ? [] : [resource]
  } catch (error) {
    if (!(error instanceof InvalidObject)) throw error
    onFault(error.message)
    return []
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
