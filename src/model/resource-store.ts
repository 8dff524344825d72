import { getOrAdd } from './map.ts'
import type { Resource } from './resource.ts'

const NONE: readonly never[] = []
const byName = (a: Resource, b: Resource) => (a.name < b.name ? -1 : 1)

/** The objects of one kind in one namespace, by name; and in order, once somebody has asked for that. */
interface Bucket {
  readonly objects: ReadonlyMap<string, Resource>
  inOrder?: readonly Resource[]
}

/** The objects of one kind, by namespace; a change copies the one namespace it touches and shares the rest. */
export class ResourceStore {
  readonly #namespaces: ReadonlyMap<string, Bucket>
  #all: readonly Resource[] | undefined

  constructor(namespaces: ReadonlyMap<string, Bucket>) {
    this.#namespaces = namespaces
  }

  get(namespace: string, name: string): Resource | undefined {
    return this.#namespaces.get(namespace)?.objects.get(name)
  }

  list(namespace: string): readonly Resource[] {
    const bucket = this.#namespaces.get(namespace)
    if (bucket === undefined) return NONE
    bucket.inOrder ??= [...bucket.objects.values()].sort(byName)
    return bucket.inOrder
  }

  all(): readonly Resource[] {
    this.#all ??= [...this.#namespaces.keys()].sort().flatMap(namespace => this.list(namespace))
    return this.#all
  }

  namespaces(): Iterable<string> {
    return this.#namespaces.keys()
  }

  /** What stands here otherwise than there, object by object; what both share is not looked at. */
  *diff(other: ResourceStore): Iterable<Changed> {
    for (const [namespace, theirs] of other.#namespaces) {
      const mine = this.#namespaces.get(namespace)
      if (mine === theirs) continue
      for (const [name, before] of theirs.objects) {
        const after = mine?.objects.get(name)
        if (after !== before) yield { before, after }
      }
    }
    for (const [namespace, mine] of this.#namespaces) {
      const theirs = other.#namespaces.get(namespace)
      if (mine === theirs) continue
      for (const [name, after] of mine.objects) {
        if (theirs?.objects.has(name) !== true) yield { before: undefined, after }
      }
    }
  }

  with(namespace: string, name: string, object: Resource | undefined): ResourceStore {
    const objects = new Map(this.#namespaces.get(namespace)?.objects)
    if (object === undefined) objects.delete(name)
    else objects.set(name, object)
    return new ResourceStore(new Map(this.#namespaces).set(namespace, { objects }))
  }
}

/** Nothing of a kind. */
export const EMPTY_STORE = new ResourceStore(new Map())

/** One object of two states: in the earlier, and in the later. */
export type Changed =
  | { readonly before: Resource; readonly after: Resource | undefined }
  | { readonly before: undefined; readonly after: Resource }

/** Of two objects with one name, the later counts. */
export function toResourceStore(resources: Iterable<Resource>): ResourceStore {
  const namespaces = new Map<string, Map<string, Resource>>()
  for (const resource of resources) {
    getOrAdd(namespaces, resource.namespace, () => new Map<string, Resource>()).set(resource.name, resource)
  }
  return new ResourceStore(new Map([...namespaces].map(([namespace, objects]) => [namespace, { objects }] as const)))
}
