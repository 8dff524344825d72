import type { Kind, Resource } from '../../state/resource.ts'
import { type Settings, Snapshot } from '../../state/snapshot.ts'
import { collectionsOf } from './collections.ts'
import { list } from './list.ts'
import { project } from './projection.ts'
import type { Transport } from './transport.ts'
import { ServerError } from './watch-error.ts'

/** The API server gives no answer that means anything, or does not let us in. */
export class UnreadableCluster extends Error {
  override readonly name = 'UnreadableCluster'
}

/** A cluster as it is now, and the objects as the server sent them. */
export interface ReadCluster {
  readonly state: Snapshot
  readonly objects: readonly unknown[]
}

const TIMEOUT_MS = 60_000
const IDLE_MS = 30_000

/**
 * Reads a cluster once.
 *
 * @throws {UnreadableCluster}
 */
export async function readCluster(
  transport: Transport,
  settings: Settings,
  onFault: (message: string) => void
): Promise<ReadCluster> {
  const resources: Resource[] = []
  const all: unknown[] = []
  const unreadable = new Map<Kind, string>()
  for (const collection of collectionsOf(settings)) {
    try {
      const options = { signal: AbortSignal.timeout(TIMEOUT_MS), idleMs: IDLE_MS }
      const { objects } = await list(transport, collection, options, object => [object])
      for (const object of objects) {
        all.push(object)
        resources.push(...project(object, onFault))
      }
    } catch (error) {
      const { message } = error as Error
      const status = error instanceof ServerError ? error.status : undefined
      if (status === 403) unreadable.set(collection.kind, message)
      // A kind that the server does not have has no objects.
      else if (status !== 404) throw new UnreadableCluster(`the cluster cannot be read: ${message}`)
    }
  }
  return { state: Snapshot.of(resources, settings, unreadable), objects: all }
}
