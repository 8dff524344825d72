import { getOrAdd } from '../state/map.ts'
import type { Resource } from '../state/resource.ts'

/**
 * Role of a text: of labels and annotations of an object, which match on no others, or of a field whose texts are patterns.
 * `replaced` is of expressions whose matches, anywhere in a text, are replaced.
 */
export type Role = 'metadata' | 'prefix' | 'regex' | 'replaced' | 'other'

/** How often texts occur in objects, or by how much a change changes it, by their role. */
export type TextCounts = ReadonlyMap<Role, ReadonlyMap<string, number>>

/** By how much the texts and keys of objects differ after objects are added and removed. */
export function countTexts(added: readonly Resource[], removed: readonly Resource[]): TextCounts {
  const counter = new TextCounter()
  const before = new Map(removed.map(object => [keyOf(object), object]))
  for (const object of added) {
    counter.change(textsOf(before.get(keyOf(object))), textsOf(object), 'other')
    before.delete(keyOf(object))
  }
  for (const object of before.values()) counter.add(textsOf(object), 'other', -1)
  return counter.counts
}

const keyOf = ({ kind, namespace, name }: Resource) => `${kind} ${namespace}/${name}`

/** What can match on others. */
function textsOf(object: Resource | undefined): object | undefined {
  // A pod is matched, and matches nothing.
  if (object === undefined || object.kind === 'Pod' || object.kind === 'EndpointSlice') return undefined
  // The name of a namespace in its own objects tells nothing.
  const { namespace: _, ...own } = object
  return own.kind === 'Namespace' ? { labels: { ...own.labels, [NAME_LABEL]: '' } } : own
}
const NAME_LABEL = 'kubernetes.io/metadata.name'

class TextCounter {
  readonly counts = new Map<Role, Map<string, number>>()

  /** Counts what differs: an update of a long object leaves most of its texts. */
  change(before: unknown, after: unknown, role: Role): void {
    if (before === after) return
    if (Array.isArray(before) && Array.isArray(after)) {
      for (let i = 0; i < Math.max(before.length, after.length); i += 1) this.change(before[i], after[i], role)
    } else if (isObject(before) && isObject(after) && before['type'] === after['type']) {
      this.#changeFields(before, after, role)
    } else {
      this.add(before, role, -1)
      this.add(after, role, 1)
    }
  }

  #changeFields(before: Fields, after: Fields, role: Role): void {
    for (const key in before) if (!Object.hasOwn(after, key)) this.#addField(key, before, role, -1)
    for (const key in after) {
      if (Object.hasOwn(before, key)) this.change(before[key], after[key], roleIn(role, key, after))
      else this.#addField(key, after, role, 1)
    }
  }

  add(value: unknown, role: Role, by: 1 | -1): void {
    if (typeof value === 'string') this.#addText(value, role, by)
    else if (Array.isArray(value)) for (const one of value) this.add(one, role, by)
    else if (isObject(value)) for (const key in value) this.#addField(key, value, role, by)
  }

  #addField(key: string, fields: Fields, role: Role, by: 1 | -1): void {
    this.#addText(key, role === 'metadata' ? role : 'other', by)
    this.add(fields[key], roleIn(role, key, fields), by)
  }

  #addText(text: string, role: Role, by: 1 | -1): void {
    const counts = getOrAdd(this.counts, role, newCounts)
    counts.set(text, (counts.get(text) ?? 0) + by)
  }
}

const newCounts = () => new Map<string, number>()

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Role of a field, which can depend on others beside it. */
function roleIn(role: Role, field: string, { type }: Fields): Role {
  if (role === 'metadata' || field === 'labels' || field === 'annotations') return 'metadata'
  if (role === 'replaced' || field === 'uriRegexRewrite') return 'replaced'
  if (field === 'value' && type === 'RegularExpression') return 'regex'
  return field === 'prefix' || field === 'regex' ? field : 'other'
}
