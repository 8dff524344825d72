import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Stored {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** Answers a request in the server's place; `false` leaves it to the server. */
export type Fault = (request: URL, response: ServerResponse, message: IncomingMessage) => boolean

/** An API server that keeps objects in memory: it lists in pages, and watches. */
export interface ApiServer {
  readonly url: string
  /** `GET` requests so far, newest last: path with query. */
  readonly requests: readonly string[]
  readonly put: (collection: string, object: Stored) => void
  readonly remove: (collection: string, name: string) => void
  /** A collection that was never served is 404. */
  readonly serve: (collection: string, list: { readonly apiVersion: string; readonly kind: string }) => void
  /** Played on every request until it is taken back. */
  fault: Fault | undefined
  /** Ends the watches that are open. */
  readonly endWatches: () => void
  readonly openWatches: () => number
  readonly close: () => Promise<void>
}

interface Collection {
  readonly list: { readonly apiVersion: string; readonly kind: string }
  readonly objects: Map<string, Stored>
  readonly watches: Set<ServerResponse>
}

export async function startApiServer(): Promise<ApiServer> {
  const collections = new Map<string, Collection>()
  const requests: string[] = []
  let version = 1

  const tell = (collection: Collection, type: string, object: Stored) => {
    for (const watch of collection.watches) watch.write(toEvent(type, object))
  }
  const collectionAt = (path: string): Collection => {
    const found = collections.get(path)
    if (found === undefined) throw new Error(`${path} is not served`)
    return found
  }
  const server: Server = createServer((message, response) => {
    const request = new URL(message.url ?? '', 'http://api')
    requests.push(message.url ?? '')
    if (api.fault?.(request, response, message) === true) return
    const collection = collections.get(request.pathname)
    if (collection === undefined) {
      response.writeHead(404).end('{"kind":"Status","code":404}')
      return
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    if (request.searchParams.has('watch')) {
      collection.watches.add(response)
      response.on('close', () => collection.watches.delete(response))
      response.write(toEvent('BOOKMARK', { metadata: { name: '', resourceVersion: String(version) } }))
      return
    }
    response.end(JSON.stringify(toPage(collection, request.searchParams, version)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

  const endWatches = () => {
    for (const { watches } of collections.values()) for (const watch of watches) watch.end()
  }
  const api: ApiServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault: undefined,
    serve: (path, list) => collections.set(path, { list, objects: new Map(), watches: new Set() }),
    put: (path, object) => {
      const collection = collectionAt(path)
      const { apiVersion, kind } = collection.list
      const metadata = { ...object.metadata, resourceVersion: String(++version) }
      const stored = { apiVersion, kind, ...object, metadata }
      const key = keyOf(object)
      tell(collection, collection.objects.has(key) ? 'MODIFIED' : 'ADDED', stored)
      collection.objects.set(key, stored)
    },
    remove: (path, name) => {
      const collection = collectionAt(path)
      const object = collection.objects.get(name)
      if (object === undefined) throw new Error(`there is no ${name}`)
      collection.objects.delete(name)
      tell(collection, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } })
    },
    endWatches,
    openWatches: () => [...collections.values()].reduce((sum, { watches }) => sum + watches.size, 0),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
  return api
}

export function toEvent(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`
}

const keyOf = ({ metadata: { namespace, name } }: Stored) => (namespace === undefined ? name : `${namespace}/${name}`)

function toPage({ list, objects }: Collection, query: URLSearchParams, version: number): object {
  const start = Number(query.get('continue') ?? 0)
  const end = start + Number(query.get('limit') ?? objects.size)
  // The items of a list do not say what they are.
  const items = [...objects.values()].slice(start, end).map(({ apiVersion, kind, ...rest }) => rest)
  const more = end < objects.size ? { continue: String(end) } : {}
  return {
    apiVersion: list.apiVersion,
    kind: `${list.kind}List`,
    metadata: { resourceVersion: String(version), ...more },
    items
  }
}
