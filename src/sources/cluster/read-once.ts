import type { Kind, Resource } from '../../state/resource.ts'
import type { Settings } from '../../state/settings.ts'
import { Snapshot } from '../../state/snapshot.ts'
import { messageOf } from '../../text/error-message.ts'
import { collectionsOf } from './collections.ts'
import { list } from './list.ts'
import { project } from './projection.ts'
import type { Transport } from './transport.ts'
import { ApiStatusError } from './watch-error.ts'

/** The API server is unreachable, rejects the credentials, or sends an unexpected response. */
export class UnreadableCluster extends Error {
  override readonly name = 'UnreadableCluster'
}

export interface ReadCluster {
  readonly state: Snapshot
  /** As the API server sent them. */
  readonly objects: readonly unknown[]
}

/** How much of a cluster is read. */
export interface ReadProgress {
  readonly kinds: number
  readonly allKinds: number
  readonly objects: number
}

const TIMEOUT_MS = 60_000
const IDLE_TIMEOUT_MS = 30_000

/**
 * Reads the current state of a cluster. A kind without permission (403) is `unreadable` in the snapshot.
 *
 * @throws {UnreadableCluster}
 */
export async function readCluster(
  transport: Transport,
  settings: Settings,
  onParseError: (message: string) => void,
  onProgress: (progress: ReadProgress) => void = () => undefined
): Promise<ReadCluster> {
  const resources: Resource[] = []
  const all: unknown[] = []
  const unreadable = new Map<Kind, string>()
  const collections = collectionsOf(settings)
  const allKinds = new Set(collections.map(({ kind }) => kind)).size
  const started = new Set<Kind>()
  let kinds = 0
  let count = 0
  for (const collection of collections) {
    // Objects of some kinds are read by name, in several collections.
    if (!started.has(collection.kind)) kinds = started.size
    started.add(collection.kind)
    onProgress({ kinds, allKinds, objects: count })
    try {
      const options = { signal: AbortSignal.timeout(TIMEOUT_MS), idleTimeoutMs: IDLE_TIMEOUT_MS }
      const { objects } = await list(transport, collection, options, object => {
        count += 1
        onProgress({ kinds, allKinds, objects: count })
        return [object]
      })
      for (const object of objects) {
        all.push(object)
        resources.push(...project(object, onParseError))
      }
    } catch (error) {
      const message = messageOf(error)
      const status = error instanceof ApiStatusError ? error.status : undefined
      if (status === 403) unreadable.set(collection.kind, message)
      // A kind that is not served has no objects.
      else if (status !== 404) throw new UnreadableCluster(`the cluster cannot be read: ${message}`)
    }
  }
  return { state: Snapshot.of(resources, settings, unreadable), objects: all }
}
