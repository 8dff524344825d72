import type { Kind, ResourceOf } from '../model/resource.ts'
import type { Settings, Snapshot, View } from '../model/snapshot.ts'
import type { Skip } from './finding.ts'

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

/** What a judgement came to, or why nothing can be made of it. */
export type Observed<T> =
  | { readonly value: T; readonly skip?: undefined }
  | { readonly value?: undefined; readonly skip: Omit<Skip, 'rule'> }

/** Makes a judgement of a state. One that looks at a kind that could not be read means nothing; nor does one that throws. */
export function observe<T>(snapshot: Snapshot, judgement: (view: View) => T): Observed<T> {
  const view = new Recorder(snapshot)
  let value: T
  try {
    value = judgement(view)
  } catch (error) {
    const reason = `it failed: ${error instanceof Error ? error.message : String(error)}`
    return { skip: { missing: view.missing, reason } }
  }
  const { missing } = view
  if (missing.length === 0) return { value }
  return { skip: { missing, reason: missing.map(kind => `${kind}: ${snapshot.unreadable.get(kind)}`).join('; ') } }
}
