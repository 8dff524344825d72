import { z } from 'zod'
import { findKind, KINDS } from '../../state/resource.ts'
import { toApiStatusError } from './api-status.ts'
import { otherVersions } from './api-versions.ts'
import { type Collection, toPath, toQuery } from './collections.ts'
import { parseJson } from './json.ts'
import { toText } from './line-stream.ts'
import type { ReadOptions } from './request.ts'
import type { Transport } from './transport.ts'
import { ApiStatusError, WatchError } from './watch-error.ts'

const page = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.looseObject({}))
})
type Page = z.output<typeof page>

/** A whole collection, with its objects as `transform` returned them. */
export interface ListResult<T> {
  readonly objects: readonly T[]
  /** Path at which the collection was found. */
  readonly path: string
  /** resourceVersion at which a watch starts. */
  readonly version: string
}

/** Pages of 500 objects double the peak memory and are not faster. */
const PAGE_SIZE = 100
/** A larger page would exceed the maximum length of a string. */
const MAX_PAGE_BYTES = 400 * 1024 * 1024

/**
 * Lists a collection in pages, at the API version that the model reads or else at another served version. Objects are
 * transformed page by page to limit memory.
 *
 * @throws {WatchError} for any response but a list
 */
export async function list<T>(
  transport: Transport,
  collection: Collection,
  options: ReadOptions,
  transform: (object: unknown) => readonly T[]
): Promise<ListResult<T>> {
  const listAt = (path: string) => listPages(transport, collection, path, options, transform)
  const path = toPath(collection)
  const first = await ignoreNotFound(listAt(path))
  if (first !== undefined) return first
  // Every API server has the core group, so a 404 comes from something else.
  if (KINDS[collection.kind].group === '') throw new WatchError('unexpected', `${path}: 404; not an API server`, true)
  for (const version of await otherVersions(transport, collection.kind, options)) {
    const other = await ignoreNotFound(listAt(toPath(collection, version)))
    if (other !== undefined) return other
  }
  throw new ApiStatusError(404, `${path}: 404; not served in any API version`)
}

async function ignoreNotFound<T>(listed: Promise<T>): Promise<T | undefined> {
  try {
    return await listed
  } catch (error) {
    if (error instanceof ApiStatusError && error.status === 404) return undefined
    throw error
  }
}

async function listPages<T>(
  transport: Transport,
  collection: Collection,
  path: string,
  options: ReadOptions,
  transform: (object: unknown) => readonly T[]
): Promise<ListResult<T>> {
  const objects: T[] = []
  let token: string | undefined = ''
  let version = ''
  while (token !== undefined) {
    const { apiVersion, kind, metadata, items } = await getPage(transport, collection, path, token, options)
    // Items of a list have no kind of their own.
    const itemKind = kind.replace(/List$/, '')
    if (findKind(apiVersion, itemKind) !== collection.kind) {
      throw new WatchError('unexpected', `${path}: unexpected ${kind} of ${apiVersion}`, true)
    }
    for (const item of items) objects.push(...transform({ ...item, apiVersion, kind: itemKind }))
    version = metadata.resourceVersion
    token = metadata.continue || undefined
  }
  return { objects, path, version }
}

async function getPage(
  transport: Transport,
  collection: Collection,
  path: string,
  token: string,
  options: ReadOptions
): Promise<Page> {
  const query = new URLSearchParams({
    ...toQuery(collection),
    limit: String(PAGE_SIZE),
    ...(token === '' ? {} : { continue: token })
  })
  const response = await transport.get(`${path}?${query}`, options)
  if (response.status !== 200) throw await toApiStatusError(path, response)
  const { data } = page.safeParse(parseJson(await toText(response.body, MAX_PAGE_BYTES)))
  if (data === undefined) throw new WatchError('unexpected', `${path}: the response is not a list`, true)
  return data
}
