import type { CST } from 'yaml'
import { readDocument } from './document.ts'
import { editYaml, parseFirst, render } from './edit-yaml.ts'
import { objectsOf } from './yaml.ts'
import { tokensOf } from './yaml-tokens.ts'

/** Object to insert before a manifest. */
export interface Insertion {
  readonly object: unknown
  /** Index of a manifest of the same file that moves here. */
  readonly from?: number
}

export interface ManifestEdit {
  readonly before: readonly Insertion[]
  /** New value of the manifest; `undefined` removes it. */
  readonly object: unknown
}

/** Edits by index of the manifest in its file. */
export type ManifestEdits = ReadonlyMap<number, ManifestEdit>

/**
 * Text of a manifest file with some of its manifests changed, inserted or removed. The other documents stay as they are; line
 * endings and, in YAML, comments are kept. JSON stays JSON: a second object makes it a List.
 */
export function editManifests(written: string, edits: ManifestEdits): string {
  const isCrlf = written.includes('\r\n') && !written.replaceAll('\r\n', '').includes('\n')
  const text = isCrlf ? written.replaceAll('\r\n', '\n') : written
  const edited = isJson(text) ? editJson(text, edits) : editDocuments(text, edits)
  return isCrlf ? edited.replaceAll('\n', '\r\n') : edited
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function editJson(text: string, edits: ManifestEdits): string {
  const value: unknown = JSON.parse(text)
  const objects = objectsOf(value)
  const items = editItems(
    objects.map(({ object }) => object),
    edits,
    0
  )
  const [first] = items
  const list = { apiVersion: 'v1', kind: 'List', items }
  const isSingle = objects[0]?.path.length === 0
  const edited = !isSingle ? { ...Object(value), items } : items.length === 1 ? first : list
  const lines = text.split('\n')
  const indent = lines[1]?.slice(0, lines[1].length - lines[1].trimStart().length)
  return `${JSON.stringify(edited, undefined, indent)}${text.endsWith('\n') ? '\n' : ''}`
}

/** @param first index of the first object in its file */
function editItems(objects: readonly unknown[], edits: ManifestEdits, first: number): readonly unknown[] {
  return objects.flatMap((object, i) => {
    const edit = edits.get(first + i)
    if (edit === undefined) return [object]
    return [...edit.before.map(one => one.object), ...(edit.object === undefined ? [] : [edit.object])]
  })
}

/** A document with the `---` line before it; empty for a first document without one. */
interface Segment {
  readonly marker: string
  readonly body: string
}

interface ReadSegment extends Segment {
  readonly value: unknown
  readonly objects: ReturnType<typeof objectsOf>
  /** Index of its first manifest. */
  readonly first: number
}

function editDocuments(text: string, edits: ManifestEdits): string {
  const { head, segments } = splitDocuments(text)
  let count = 0
  const read = segments.map((segment): ReadSegment => {
    const { value } = readDocument(parseFirst(segment.body))
    const objects = objectsOf(value)
    count += objects.length
    return { ...segment, value, objects, first: count - objects.length }
  })
  const edited = read.flatMap(segment => editSegment(segment, edits, read))
  const opening = segments[0]?.marker === '' ? '' : MARKER
  return edited.reduce((all, { marker, body }, i) => {
    const added = i === 0 ? opening : all.endsWith(END) ? '' : MARKER
    const lineBreak = all === '' || all.endsWith('\n') ? '' : '\n'
    return `${all}${lineBreak}${marker || added}${body}`
  }, head)
}

/** End of a document; the next one needs no marker. */
const END = '\n...\n'
const MARKER = '---\n'

function editSegment(segment: ReadSegment, edits: ManifestEdits, all: readonly ReadSegment[]): readonly Segment[] {
  const { marker, body, value, objects, first } = segment
  if (isList(segment)) {
    if (!objects.some((_, i) => edits.has(first + i))) return [segment]
    const items = objects.map(({ object }) => object)
    return [{ marker, body: editYaml(body, { ...Object(value), items: editItems(items, edits, first) }) }]
  }
  const edit = objects.length === 0 ? undefined : edits.get(first)
  if (edit === undefined) return [segment]
  const inserted = edit.before.map(one => ({ marker: '', body: textOf(one, all) }))
  return [...inserted, ...(edit.object === undefined ? [] : [{ marker, body: editYaml(body, edit.object) }])]
}

const isList = ({ objects }: ReadSegment) => objects.some(({ path }) => path.length > 0)

/** A document that moves keeps its text. */
function textOf({ object, from }: Insertion, all: readonly ReadSegment[]): string {
  const moved = all.find(one => one.first === from && one.objects.length > 0 && !isList(one))
  return moved === undefined ? render(object) : editYaml(moved.body, object)
}

/** `head`: comments and directives before the first `---`. */
function splitDocuments(text: string): { readonly head: string; readonly segments: readonly Segment[] } {
  const documents = [...tokensOf(text, () => {})].filter(token => token.type === 'document')
  const starts = documents.map(({ start, offset }: CST.Document, i) => {
    const marker = start.find(({ type }) => type === 'doc-start')
    return marker?.offset ?? (i === 0 ? 0 : offset)
  })
  const segments = starts.map((start, i): Segment => {
    const part = text.slice(start, starts[i + 1] ?? text.length)
    if (!part.startsWith('---')) return { marker: '', body: part }
    const [line = ''] = part.split(/(?<=\n)/, 1)
    const rest = line.slice('---'.length).trim()
    const marker = rest === '' || rest.startsWith('#') ? line : '---'
    return { marker, body: part.slice(marker.length) }
  })
  return { head: text.slice(0, starts[0]), segments }
}
