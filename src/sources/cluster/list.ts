import { z } from 'zod'
import { findKind, KINDS } from '../../state/resource.ts'
import { toRefusal } from './api-status.ts'
import { otherVersions } from './api-versions.ts'
import { type Collection, toPath } from './collections.ts'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { ReadOptions } from './request.ts'
import type { Transport } from './transport.ts'
import { ServerError, Trouble } from './watch-error.ts'

const page = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.looseObject({}))
})
type Page = z.output<typeof page>

/** A whole collection, each object as `read` made it. */
export interface Listed<T> {
  readonly objects: readonly T[]
  /** Where the collection was found, and from which version on a watch goes on. */
  readonly path: string
  readonly version: string
}

/** Small, for what is read and thrown away again adds up: pages of 500 make the peak twice as high, and are no faster. */
const PAGE = 100
/** A page of large objects; more than this would not fit into a string. */
const PAGE_BYTES = 400 * 1024 * 1024

/**
 * Lists a collection at the version that we know; if the server does not have it there, at another that it has. Objects
 * come in pages and are read as they come, so that neither side holds more than it must.
 *
 * @throws {Trouble} for any answer but a list
 */
export async function list<T>(
  transport: Transport,
  collection: Collection,
  options: ReadOptions,
  read: (object: unknown) => readonly T[]
): Promise<Listed<T>> {
  const listAt = (path: string) => listPages(transport, collection, path, options, read)
  const path = toPath(collection)
  const first = await unlessAbsent(listAt(path))
  if (first !== undefined) return first
  // A server without Pods or Namespaces is none: who answers is something else, whatever else it does not have.
  if (KINDS[collection.kind].group === '') throw new Trouble('unexpected', `${path}: 404, this is no API server`, true)
  for (const version of await otherVersions(transport, collection.kind, options)) {
    const other = await unlessAbsent(listAt(toPath(collection, version)))
    if (other !== undefined) return other
  }
  throw new ServerError(404, `${path}: 404, in no version that the server has`)
}

async function unlessAbsent<T>(listed: Promise<T>): Promise<T | undefined> {
  try {
    return await listed
  } catch (error) {
    if (error instanceof ServerError && error.status === 404) return undefined
    throw error
  }
}

async function listPages<T>(
  transport: Transport,
  collection: Collection,
  path: string,
  options: ReadOptions,
  read: (object: unknown) => readonly T[]
): Promise<Listed<T>> {
  const objects: T[] = []
  let next: string | undefined = ''
  let version = ''
  while (next !== undefined) {
    const { apiVersion, kind, metadata, items } = await getPage(transport, path, next, options)
    // Items of a list do not name their kind; the list does.
    const itemKind = kind.replace(/List$/, '')
    if (findKind(apiVersion, itemKind) !== collection.kind) {
      throw new Trouble('unexpected', `${path}: the answer is a ${kind} of ${apiVersion}`, true)
    }
    for (const item of items) objects.push(...read({ ...item, apiVersion, kind: itemKind }))
    version = metadata.resourceVersion
    next = metadata.continue || undefined
  }
  return { objects, path, version }
}

async function getPage(transport: Transport, path: string, next: string, options: ReadOptions): Promise<Page> {
  const query = new URLSearchParams({ limit: String(PAGE), ...(next === '' ? {} : { continue: next }) })
  const answer = await transport.get(`${path}?${query}`, options)
  if (answer.status !== 200) throw await toRefusal(path, answer)
  const { data } = page.safeParse(parseJson(await toText(answer.body, PAGE_BYTES)))
  if (data === undefined) throw new Trouble('unexpected', `${path}: the answer is no list`, true)
  return data
}
