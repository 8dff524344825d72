import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type Clock, Collection, type ListType, type Stored, sendStatus } from './collection.ts'

export { type Stored, sendStatus, toEvent } from './collection.ts'

/** Responds to a request instead of the server, or returns false. */
export type Fault = (request: URL, response: ServerResponse, message: IncomingMessage) => boolean

export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Fake API server in memory: lists in pages, watches with bookmarks and history. */
export interface ApiServer {
  readonly url: string
  /** `GET` requests so far, newest last: path with query. */
  readonly requests: readonly string[]
  readonly put: (collection: string, object: Stored) => void
  readonly remove: (collection: string, name: string) => void
  /** Removes an object without an event. */
  readonly removeSilently: (collection: string, name: string) => void
  /** Empty for a collection that is not served. */
  readonly objects: (collection: string) => readonly Stored[]
  /** Other collections respond with 404. */
  readonly serve: (collection: string, list: ListType) => void
  readonly serves: (collection: string) => boolean
  readonly unserve: (collection: string) => void
  /** Serves the objects at a second path, as for two API versions. */
  readonly alias: (collection: string, other: string) => void
  /** Responds without the fault. */
  readonly respond: (request: URL, response: ServerResponse) => void
  /** Applied to every request while set. */
  fault: Fault | undefined
  /** Ends the watches of one collection, or of all. */
  readonly endWatches: (collection?: string) => void
  readonly openWatches: (collection?: string) => number
  /** Writes raw text to the watches of a collection. */
  readonly writeToWatches: (collection: string, text: string | Buffer) => void
  /** Sends a bookmark to all watches now. */
  readonly bookmark: () => void
  /** Drops the history; older resourceVersions get 410. */
  readonly compact: () => void
  readonly expireTokens: () => void
  /** Continues from an older resourceVersion, as after a restored backup. */
  readonly rewind: (version: number) => void
  readonly connections: () => number
  readonly resetConnections: () => void
  /** Stops listening until `up`. */
  readonly down: () => Promise<void>
  readonly up: () => Promise<void>
  /** Changes the certificate for new connections. */
  readonly setCertificate: (keyPair: KeyPair) => void
  readonly close: () => Promise<void>
}

/** A real API server sends one about once a minute. */
const BOOKMARK_INTERVAL_MS = 100

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
    if (api.fault?.(request, response, message) !== true) respond(request, response)
  }
  const respond = (request: URL, response: ServerResponse) => {
    const collection = collections.get(request.pathname)
    if (collection === undefined) respondWithGroup(request.pathname, [...collections.keys()], response)
    else if (request.searchParams.has('watch')) collection.serveWatch(request.searchParams, response)
    else collection.serveList(request.searchParams, response)
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
  const bookmarks = setInterval(bookmark, BOOKMARK_INTERVAL_MS)

  const down = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      // `closeAllConnections` omits connections during their TLS handshake.
      for (const socket of sockets) socket.destroy()
    })
  const api: ApiServer = {
    url: `${keyPair === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    respond,
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
    removeSilently: (path, name) => at(path).objects.delete(name),
    objects: path => [...(collections.get(path)?.objects.values() ?? [])],
    endWatches: path => {
      for (const collection of some(path)) collection.endWatches()
    },
    openWatches: path => some(path).reduce((sum, { watches }) => sum + watches.size, 0),
    writeToWatches: (path, text) => {
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
    resetConnections: () => {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    down,
    up: () => listen(port),
    setCertificate: pair => (server as TlsServer).setSecureContext(pair),
    close: () => {
      clearInterval(bookmarks)
      return down()
    }
  }
  return api
}

/** Responds with the APIGroup of a path. */
function respondWithGroup(path: string, served: readonly string[], response: ServerResponse): void {
  const below = served.filter(one => one.startsWith(`${path}/`))
  if (!/^\/apis\/[^/]+$/.test(path) || below.length === 0) {
    sendStatus(response, 404, 'the server could not find the requested resource')
    return
  }
  const versions = new Set(below.map(one => one.slice(path.length + 1).replace(/\/.*/, '')))
  response.writeHead(200).end(JSON.stringify({ versions: [...versions].map(version => ({ version })) }))
}
