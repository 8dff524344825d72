import { Composer, type Document, isNode, isScalar, LineCounter, visit } from 'yaml'
import { z } from 'zod'
import type { Ref, Resource } from '../model/resource.ts'
import { type InvalidObject, readRef, readResource } from './manifest.ts'
import { tokensOf } from './yaml-tokens.ts'

/** Where an object stands in a file; lines count from 1. */
export interface Source {
  readonly file: string
  readonly line: number
}

/** One object of a file. */
export interface Manifest {
  readonly ref: Ref
  /** Absent for kinds that are not on the traffic path. */
  readonly resource: Resource | undefined
  /** As it stands in the file. */
  readonly object: unknown
  readonly source: Source
  /** The line of a field such as `spec.servers[0].port`, or of the nearest thing above it that is there. */
  readonly lineOf: (field: string) => number
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[]
  /** `file:line: what is wrong`, one for each fault. */
  readonly faults: readonly string[]
}

const list = z.object({ kind: z.string().regex(/List$/), items: z.array(z.unknown()) })

/**
 * Reads the objects of a YAML or JSON text with any number of documents. Lists are taken apart.
 *
 * @param namespace of objects that name none
 */
export function readManifests(text: string, file: string, namespace?: string): ReadManifests {
  const lines = new LineCounter()
  const manifests: Manifest[] = []
  const faults: string[] = []
  for (const { document, objects } of documentsOf(text, lines, fault => faults.push(`${file}:${fault}`))) {
    for (const { object, path } of objects) {
      const at = (field: readonly (string | number)[]) => lineAt(document, lines, [...path, ...field])
      const source = { file, line: at([]) }
      try {
        const ref = readRef(object, namespace)
        const resource = readResource(object, namespace)
        manifests.push({ ref, object, source, resource, lineOf: field => at(toPath(field)) })
      } catch (error) {
        const { field, message } = error as InvalidObject
        faults.push(`${file}:${at(toPath(field))}: ${message}`)
      }
    }
  }
  return { manifests, faults }
}

interface Placed {
  readonly object: unknown
  readonly path: readonly (string | number)[]
}

interface ReadDocument {
  readonly document: Document.Parsed
  readonly objects: readonly Placed[]
}

/** The documents that can be read; of others, `onFault` is told the line and what is wrong. */
function* documentsOf(text: string, lines: LineCounter, onFault: (fault: string) => void): Iterable<ReadDocument> {
  const at = (offset: number) => lines.linePos(offset).line
  try {
    for (const document of new Composer({ uniqueKeys: false }).compose(tokensOf(text, lines.addNewLine))) {
      const errors = [
        ...document.errors.map(({ message, pos }) => ({ message, offset: pos[0] })),
        ...equalKeys(document)
      ]
      for (const { message, offset } of errors) onFault(`${at(offset)}: ${firstLine(message)}`)
      if (errors.length === 0) yield { document, objects: objectsOf(document) }
    }
  } catch (error) {
    // Too deep, or too many aliases: what comes after it is not read either.
    onFault(`${lines.lineStarts.length}: ${(error as Error).message}`)
  }
}

/** The parser would compare each key with each other. */
function equalKeys(document: Document.Parsed): readonly { message: string; offset: number }[] {
  const found: { message: string; offset: number }[] = []
  visit(document, {
    Map: (_, { items }) => {
      const known = new Set<unknown>()
      for (const { key } of items) {
        const value = isScalar(key) ? key.value : key
        if (known.has(value) && isNode(key))
          found.push({ message: 'Map keys must be unique', offset: key.range?.[0] ?? 0 })
        known.add(value)
      }
    }
  })
  return found
}

/** @throws where aliases stand for too much */
function objectsOf(document: Document.Parsed): readonly Placed[] {
  const object: unknown = document.toJS()
  if (object === null) return []
  const { data } = list.safeParse(object)
  if (data === undefined) return [{ object, path: [] }]
  return data.items.map((item, i) => ({ object: item, path: ['items', i] }))
}

/** The line of a node; of what is not there, that of its nearest ancestor. */
export function lineAt(document: Document.Parsed, lines: LineCounter, path: readonly (string | number)[]): number {
  const nodes = path.map((_, i) => document.getIn(path.slice(0, i + 1), true))
  const offset = [document.contents, ...nodes].reduce<number>(
    (above, node) => (isNode(node) && node.range ? node.range[0] : above),
    0
  )
  return lines.linePos(offset).line
}

/** Takes `spec.servers[0].port` apart. A key in brackets stands for itself, whatever dots it has. */
function toPath(field: string): readonly (string | number)[] {
  return [...field.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([part, inner]) =>
    inner === undefined ? part : /^\d+$/.test(inner) ? Number(inner) : inner
  )
}

const firstLine = (message: string) => message.replace(/\n.*/s, '')
