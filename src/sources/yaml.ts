import { Composer, type Document, isNode, LineCounter } from 'yaml'
import { z } from 'zod'
import type { Ref, Resource } from '../state/resource.ts'
import { messageOf } from '../text/error-message.ts'
import { LINEAR, readDocument } from './document.ts'
import { parseJsonObject } from './json-text.ts'
import { type InvalidObject, readRef, readResource } from './manifest.ts'
import { requireKind } from './unread-kinds.ts'
import { tokensOf } from './yaml-tokens.ts'

/** Position of an object in a file; the first line is 1. */
export interface Source {
  readonly file: string
  readonly line: number
}

/** One object of a file. */
export interface Manifest {
  readonly ref: Ref
  /** Absent for kinds that the model does not read. */
  readonly resource: Resource | undefined
  /** As parsed from the file. */
  readonly object: unknown
  readonly source: Source
  /** Line of a field such as `spec.servers[0].port`, or of its nearest parent that the file has. */
  readonly lineOf: (field: string) => number
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[]
  /** `file:line: message`, one for each error. */
  readonly errors: readonly string[]
}

const list = z.object({ kind: z.string().regex(/List$/), items: z.array(z.unknown()) })

/**
 * Reads the objects of a YAML or JSON text with any number of documents, and the items of lists.
 *
 * @param namespace of objects that set none
 */
export function readManifests(text: string, file: string, namespace?: string): ReadManifests {
  const lines = new LineCounter()
  const manifests: Manifest[] = []
  const errors: string[] = []
  const addError = (message: string) => errors.push(`${file}:${lines.lineStarts.length}: ${message}`)
  for (const { value, errors: documentErrors, composed } of readDocuments(text, lines, addError)) {
    for (const { message, offset } of documentErrors) errors.push(`${file}:${lines.linePos(offset).line}: ${message}`)
    for (const { object, path } of objectsOf(value)) {
      const at = (field: readonly (string | number)[]) => lineAt(composed(), lines, [...path, ...field])
      try {
        const ref = readRef(object, namespace)
        requireKind(ref)
        const resource = readResource(object, namespace)
        const source = lazySource(file, () => at([]))
        manifests.push({ ref, object, source, resource, lineOf: field => at(toPath(field)) })
      } catch (error) {
        const { field, message } = error as InvalidObject
        errors.push(`${file}:${at(toPath(field))}: ${message}`)
      }
    }
  }
  return { manifests, errors }
}

/** Finds the line when it is asked, because that takes longer than to parse JSON. */
const lazySource = (file: string, lineOf: () => number): Source => ({
  file,
  get line() {
    return lineOf()
  }
})

interface ReadDocument extends ReturnType<typeof readDocument> {
  /** The document with the positions of its nodes. */
  readonly composed: () => Document.Parsed
}

function* readDocuments(text: string, lines: LineCounter, onError: (message: string) => void): Iterable<ReadDocument> {
  const value = parseJsonObject(text)
  if (value === undefined) {
    for (const document of documentsOf(text, lines, onError))
      yield { ...readDocument(document), composed: () => document }
    return
  }
  let document: Document.Parsed | undefined
  const composed = () => {
    document ??= [...documentsOf(text, lines, onError)][0] as Document.Parsed
    return document
  }
  yield { value, errors: [], composed }
}

/** Stops at a document that is nested too deep. */
function* documentsOf(text: string, lines: LineCounter, onError: (message: string) => void): Iterable<Document.Parsed> {
  try {
    yield* new Composer(LINEAR).compose(tokensOf(text, lines.addNewLine))
  } catch (error) {
    onError(messageOf(error))
  }
}

/** The objects of a document, with their paths: the items of a list, or the object itself. */
export function objectsOf(object: unknown): readonly { object: unknown; path: readonly (string | number)[] }[] {
  if (object === undefined || object === null) return []
  const { data } = list.safeParse(object)
  if (data === undefined) return [{ object, path: [] }]
  return data.items.map((item, i) => ({ object: item, path: ['items', i] }))
}

/** The line of a node, or of its nearest ancestor that exists. */
export function lineAt(document: Document.Parsed, lines: LineCounter, path: readonly (string | number)[]): number {
  const nodes = path.map((_, i) => document.getIn(path.slice(0, i + 1), true))
  const offset = [document.contents, ...nodes].reduce<number>(
    (above, node) => (isNode(node) && node.range ? node.range[0] : above),
    0
  )
  return lines.linePos(offset).line
}

/** Splits `spec.servers[0].port`. A key in brackets is one element, dots included. */
function toPath(field: string): readonly (string | number)[] {
  return [...field.matchAll(/\[([^[\]]*)\]|[^.[\]]+/g)].map(([part, inner]) =>
    inner === undefined ? part : /^\d+$/.test(inner) ? Number(inner) : inner
  )
}
