import type { Kind, ResourceOf } from '../model/resource.ts'
import type { Settings, Snapshot, View } from '../model/snapshot.ts'

/** A view that remembers which kinds were looked at. */
export class Recorder implements View {
  readonly settings: Settings
  readonly reads = new Set<Kind>()
  readonly #snapshot: Snapshot

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot
    this.settings = snapshot.settings
  }

  list<T extends Kind>(kind: T, namespace?: string): readonly ResourceOf<T>[] {
    this.reads.add(kind)
    return this.#snapshot.list(kind, namespace)
  }

  get<T extends Kind>(kind: T, namespace: string, name: string): ResourceOf<T> | undefined {
    this.reads.add(kind)
    return this.#snapshot.get(kind, namespace, name)
  }

  /** Kinds that were looked at although they could not be read: what was made of them means nothing. */
  get missing(): readonly Kind[] {
    return [...this.reads].filter(kind => this.#snapshot.unreadable.has(kind)).sort()
  }
}
