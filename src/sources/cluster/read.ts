import type { Kind, Resource } from '../../model/resource.ts'
import { type Settings, Snapshot } from '../../model/snapshot.ts'
import { collectionsOf, readQuietly } from './collections.ts'
import { list, ServerError } from './list.ts'
import type { Transport } from './transport.ts'

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
  for (const { kind, path } of collectionsOf(settings)) {
    try {
      const { objects } = await list(transport, path, AbortSignal.timeout(TIMEOUT_MS))
      all.push(...objects)
      resources.push(...objects.flatMap(object => readQuietly(object, onFault)))
    } catch (error) {
      const { message } = error as Error
      const status = error instanceof ServerError ? error.status : undefined
      if (status === 403) unreadable.set(kind, message)
      // A kind that the server does not have has no objects.
      else if (status !== 404) throw new UnreadableCluster(`the cluster cannot be read: ${message}`)
    }
  }
  return { state: Snapshot.of(resources, settings, unreadable), objects: all }
}
