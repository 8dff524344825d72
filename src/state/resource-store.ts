import { getOrAdd } from './map.ts'
import type { Resource } from './resource.ts'

const NONE: readonly never[] = []
const byName = (a: Resource, b: Resource) => (a.name < b.name ? -1 : 1)

/** Objects of one kind in one namespace, by name; sorted on the first list. */
interface Bucket {
  readonly objects: ReadonlyMap<string, Resource>
  inOrder?: readonly Resource[]
}

/** Objects of one kind, by namespace. A change copies only its namespace and shares the others. */
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

  /** Objects that differ between two stores. Shared namespaces are skipped. */
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

/** Store without objects. */
export const EMPTY_STORE = new ResourceStore(new Map())

/** One object before and after. */
export type Changed =
  | { readonly before: Resource; readonly after: Resource | undefined }
  | { readonly before: undefined; readonly after: Resource }

/** Of two objects with the same name, the later takes precedence. */
export function toResourceStore(resources: Iterable<Resource>): ResourceStore {
  const namespaces = new Map<string, Map<string, Resource>>()
  for (const resource of resources) {
    getOrAdd(namespaces, resource.namespace, () => new Map<string, Resource>()).set(resource.name, resource)
  }
  return new ResourceStore(new Map([...namespaces].map(([namespace, objects]) => [namespace, { objects }] as const)))
}
