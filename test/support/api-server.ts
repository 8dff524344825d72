import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type Clock, Collection, type ListType, refuse, type Stored } from './collection.ts'

export { refuse, type Stored, toEvent } from './collection.ts'

/** Answers a request in the server's place; `false` leaves it to the server. */
export type Fault = (request: URL, response: ServerResponse, message: IncomingMessage) => boolean

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** An API server that keeps objects in memory: it lists in pages, watches with bookmarks, and remembers what happened. */
export interface ApiServer {
  readonly url: string
  /** `GET` requests so far, newest last: path with query. */
  readonly requests: readonly string[]
  readonly put: (collection: string, object: Stored) => void
  readonly remove: (collection: string, name: string) => void
  /** The object is gone, and nobody was told. */
  readonly lose: (collection: string, name: string) => void
  /** What there is; of a collection that is not served, nothing. */
  readonly objects: (collection: string) => readonly Stored[]
  /** A collection that was never served is 404. */
  readonly serve: (collection: string, list: ListType) => void
  readonly serves: (collection: string) => boolean
  readonly unserve: (collection: string) => void
  /** The same objects at another path as well, as those of a kind that is served in two versions. */
  readonly alias: (collection: string, other: string) => void
  /** Answers as if there were no fault. */
  readonly answer: (request: URL, response: ServerResponse) => void
  /** Played on every request until it is taken back. */
  fault: Fault | undefined
  /** Ends the watches that are open, of one collection or of all. */
  readonly endWatches: (collection?: string) => void
  readonly openWatches: (collection?: string) => number
  /** Says this to those who watch a collection, whatever it is. */
  readonly say: (collection: string, text: string | Buffer) => void
  /** Those who watch are told now how far we are; else it is told now and then. */
  readonly bookmark: () => void
  /** All that has happened so far is forgotten; who asks for it gets 410. */
  readonly compact: () => void
  readonly expireTokens: () => void
  /** As after a backup was restored: versions count on from here, and what was later is forgotten. */
  readonly rewind: (version: number) => void
  readonly connections: () => number
  /** Every connection breaks. */
  readonly reset: () => void
  /** Nobody listens any more, until `up`. */
  readonly down: () => Promise<void>
  readonly up: () => Promise<void>
  /** Another certificate from the next connection on. */
  readonly present: (keyPair: KeyPair) => void
  readonly close: () => Promise<void>
}

/** The API server's is a minute. */
const BOOKMARK_MS = 100

export async function startApiServer(keyPair?: KeyPair): Promise<ApiServer> {
  const collections = new Map<string, Collection>()
  const clock: Clock = { version: 1_000, compacted: 0 }
  const requests: string[] = []
  const sockets = new Set<Socket>()

  const at = (path: string): Collection => {
    const found = collections.get(path)
    if (found === undefined) throw new Error(`${path} is not served`)
    return found
  }
  const some = (path: string | undefined) => (path === undefined ? [...collections.values()] : [at(path)])
  const listener: RequestListener = (message, response) => {
    const request = new URL(message.url ?? '', 'http://api')
    requests.push(message.url ?? '')
    if (api.fault?.(request, response, message) !== true) answer(request, response)
  }
  const answer = (request: URL, response: ServerResponse) => {
    const collection = collections.get(request.pathname)
    if (collection === undefined) answerGroup(request.pathname, [...collections.keys()], response)
    else if (request.searchParams.has('watch')) collection.answerWatch(request.searchParams, response)
    else collection.answerList(request.searchParams, response)
  }
  const server = keyPair === undefined ? createServer(listener) : createTlsServer(keyPair, listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const listen = (port: number) => new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  await listen(0)
  const { port } = server.address() as AddressInfo
  const bookmark = () => {
    for (const collection of collections.values()) collection.bookmark()
  }
  const bookmarks = setInterval(bookmark, BOOKMARK_MS)

  const down = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      // Not `closeAllConnections`, which spares those that shake hands yet.
      for (const socket of sockets) socket.destroy()
    })
  const api: ApiServer = {
    url: `${keyPair === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    answer,
    fault: undefined,
    serve: (path, list) => collections.set(path, new Collection(list, clock)),
    serves: path => collections.has(path),
    unserve: path => {
      at(path).endWatches()
      collections.delete(path)
    },
    alias: (path, other) => collections.set(other, at(path)),
    put: (path, object) => at(path).put(object),
    remove: (path, name) => at(path).remove(name),
    lose: (path, name) => at(path).objects.delete(name),
    objects: path => [...(collections.get(path)?.objects.values() ?? [])],
    endWatches: path => {
      for (const collection of some(path)) collection.endWatches()
    },
    openWatches: path => some(path).reduce((sum, { watches }) => sum + watches.size, 0),
    say: (path, text) => {
      for (const watch of at(path).watches.keys()) watch.write(text)
    },
    bookmark,
    compact: () => {
      clock.compacted = clock.version
      for (const collection of collections.values()) collection.compact()
    },
    expireTokens: () => {
      for (const collection of collections.values()) collection.expireTokens()
    },
    rewind: version => {
      clock.version = version
      clock.compacted = Math.min(clock.compacted, version)
      for (const collection of collections.values()) collection.rewind(version)
    },
    connections: () => sockets.size,
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    down,
    up: () => listen(port),
    present: pair => (server as TlsServer).setSecureContext(pair),
    close: () => {
      clearInterval(bookmarks)
      return down()
    }
  }
  return api
}

/** Tells in which versions a group is served. */
function answerGroup(path: string, served: readonly string[], response: ServerResponse): void {
  const below = served.filter(one => one.startsWith(`${path}/`))
  if (!/^\/apis\/[^/]+$/.test(path) || below.length === 0) {
    refuse(response, 404, 'the server could not find the requested resource')
    return
  }
  const versions = new Set(below.map(one => one.slice(path.length + 1).replace(/\/.*/, '')))
  response.writeHead(200).end(JSON.stringify({ versions: [...versions].map(version => ({ version })) }))
}
