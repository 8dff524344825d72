import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { WritingTransport } from '../../src/sources/cluster/transport.ts'

export interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export interface Response {
  readonly status: number
  readonly object: unknown
}

/** In-memory API server for single objects. */
export interface WritableCluster {
  readonly transport: WritingTransport
  /** Requests such as `PATCH /api/v1/namespaces/a`, without query; newest last. */
  readonly requests: readonly string[]
  readonly get: (path: string) => Stored
  /** Stores an object as another client. */
  readonly put: (path: string, object: object) => void
  readonly handle: (method: string, path: string, contentType: string, body: unknown) => Response
  /** Called before each request; may return a response, or throw a connection error. */
  fault: ((method: string, path: string) => Response | undefined) | undefined
  /** Served collections, such as `/apis/openreports.io/v1alpha1/reports`. */
  readonly collections: Set<string>
  /** Denial message for a dry-run create, if any. */
  refusal: ((path: string) => string | undefined) | undefined
}

type Fields = Readonly<Record<string, unknown>>

export function writableCluster(): WritableCluster {
  const objects = new Map<string, Stored>()
  const requests: string[] = []
  const collections = new Set<string>()
  let version = 0
  const store = (path: string, object: Fields): Stored => {
    const metadata = { ...(object['metadata'] as Fields), resourceVersion: String(++version) }
    const stored = { ...object, metadata } as unknown as Stored
    objects.set(path, stored)
    return stored
  }
  const patch = (path: string, found: Stored, contentType: string, body: Fields): Response => {
    const expected = (body['metadata'] as Fields)['resourceVersion']
    if (expected !== undefined && expected !== found.metadata.resourceVersion)
      return failure(409, 'it has been modified')
    const isMerge = contentType === 'application/merge-patch+json'
    return { status: 200, object: store(path, isMerge ? (merge(found, body) as Fields) : apply(found, body)) }
  }
  const dryRunCreate = (path: string): Response => {
    const why = cluster.refusal?.(path)
    return why === undefined ? { status: 201, object: {} } : failure(403, why)
  }
  const create = (path: string, object: Fields): Response => {
    if (!collections.has(collectionOf(path))) return failure(404, `${path} not found`)
    const key = `${path}/${(object['metadata'] as Fields)['name']}`
    return objects.has(key) ? failure(409, 'it exists already') : { status: 201, object: store(key, object) }
  }
  const list = (path: string, query: URLSearchParams): Response => {
    const [key, value] = query.get('labelSelector')?.split('=') ?? []
    const matchesSelector = ({ metadata }: Stored) =>
      key === undefined || (metadata['labels'] as Fields | undefined)?.[key] === value
    const within = [...objects].filter(([at]) => collectionOf(at.slice(0, at.lastIndexOf('/'))) === path)
    const items = within.map(([, object]) => object).filter(matchesSelector)
    const [from, limit] = [Number(query.get('continue')), Number(query.get('limit'))]
    const next = from + limit < items.length ? { continue: String(from + limit) } : {}
    return { status: 200, object: { metadata: next, items: items.slice(from, from + limit) } }
  }
  const remove = (path: string, found: Stored, body: Fields): Response => {
    const { resourceVersion } = body['preconditions'] as Fields
    if (resourceVersion !== found.metadata.resourceVersion) return failure(409, 'it has been modified')
    objects.delete(path)
    return { status: 200, object: {} }
  }
  const answer = (response: Response) => {
    const text = JSON.stringify(response.object)
    async function* body() {
      yield Buffer.from(text)
    }
    return { status: response.status, retryAfterMs: undefined, body: body() }
  }
  const cluster: WritableCluster = {
    requests,
    collections,
    fault: undefined,
    refusal: undefined,
    transport: {
      get: async path => answer(cluster.handle('GET', path, '', undefined)),
      send: async (path, { method, contentType, body }) => answer(cluster.handle(method, path, contentType, body))
    },
    get: path => {
      const found = objects.get(path)
      if (found === undefined) throw new Error(`${path} not found`)
      return found
    },
    put: (path, object) => void store(path, object as Fields),
    handle: (method, pathWithQuery, contentType, body) => {
      const { pathname: path, searchParams: query } = new URL(pathWithQuery, 'http://any')
      requests.push(`${method} ${path}`)
      const played = cluster.fault?.(method, path)
      if (played !== undefined) return played
      // Copies the body, as a connection would.
      const sent = body === undefined ? undefined : JSON.parse(JSON.stringify(body))
      if (method === 'POST') return query.has('dryRun') ? dryRunCreate(path) : create(path, sent)
      if (method === 'GET' && collections.has(path)) return list(path, query)
      const found = objects.get(path)
      if (found === undefined) return failure(404, `${path} not found`)
      if (method === 'DELETE') return remove(path, found, sent)
      return method === 'GET' ? { status: 200, object: found } : patch(path, found, contentType, sent)
    }
  }
  return cluster
}

/** Cluster-wide collection of a namespaced one. */
const collectionOf = (path: string) => path.replace(/\/namespaces\/[^/]+/, '')

export const failure = (status: number, message: string): Response => ({ status, object: { kind: 'Status', message } })

/** @see RFC 7386 */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const result: Record<string, unknown> = { ...(target as Fields | undefined) }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

/** Server-side apply of webhook configurations: list items and fields of other managers are kept. */
function apply(found: Fields, object: Fields): Fields {
  const listed = (fields: Fields) => (fields['webhooks'] ?? []) as readonly Fields[]
  const ours = listed(object)
  const others = listed(found).filter(({ name }) => !ours.some(one => one['name'] === name))
  const webhooks = ours.map(one => ({ ...listed(found).find(({ name }) => name === one['name']), ...one }))
  return {
    ...found,
    metadata: { ...(found['metadata'] as Fields), ...(object['metadata'] as Fields) },
    webhooks: [...webhooks, ...others]
  }
}

/** Answers an HTTP request. */
export async function serveBy(
  cluster: WritableCluster,
  message: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const { method = '', url = '', headers } = message
  const sent = await text(message)
  const body = sent === '' ? undefined : JSON.parse(sent)
  const { status, object } = cluster.handle(method, url, headers['content-type'] ?? '', body)
  response.writeHead(status).end(JSON.stringify(object))
}

/** Serves the cluster over HTTP, for other processes. */
export async function listen(cluster: WritableCluster): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((message, response) => void serveBy(cluster, message, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
