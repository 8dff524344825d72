import type { ServerResponse } from 'node:http'

export interface Stored {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

export interface ListType {
  readonly apiVersion: string
  readonly kind: string
}

interface PastEvent {
  readonly version: number
  readonly name: string
  readonly line: string
}

/** resourceVersion counter that all collections of a server share, as in etcd. */
export interface Clock {
  version: number
  /** The history up to this version is dropped. */
  compacted: number
}

interface PendingList {
  readonly items: readonly Stored[]
  readonly version: number
  /** Number of items already sent. */
  readonly sent: number
}

type IsSelected = (name: string) => boolean

/** Objects that a field selector `metadata.name=` selects; all without one. */
function selectorOf(query: URLSearchParams): IsSelected {
  const name = query.get('fieldSelector')?.replace('metadata.name=', '')
  return one => name === undefined || one === name
}

/** One collection with its history and watches. */
export class Collection {
  readonly list: ListType
  readonly clock: Clock
  readonly objects = new Map<string, Stored>()
  /** Open watches, the resourceVersion of their start, and the names that they select. */
  readonly watches = new Map<ServerResponse, { readonly from: number; readonly isSelected: IsSelected }>()
  #history: PastEvent[] = []
  /** The history starts when the collection is created. */
  #since: number
  /** Unfinished lists, by continue token. */
  readonly #pendingLists = new Map<string, PendingList>()

  constructor(list: ListType, clock: Clock) {
    this.list = list
    this.clock = clock
    this.#since = clock.version
  }

  put(object: Stored): void {
    const { apiVersion, kind } = this.list
    const key = keyOf(object)
    const known = this.objects.get(key)
    const metadata = {
      uid: known?.metadata['uid'] ?? `uid-${this.clock.version}`,
      ...object.metadata,
      resourceVersion: String(++this.clock.version)
    }
    // Stored at the API version of the collection.
    const stored = { ...object, apiVersion, kind, metadata }
    this.objects.set(key, stored)
    this.#notify(known === undefined ? 'ADDED' : 'MODIFIED', stored)
  }

  remove(name: string): void {
    const object = this.objects.get(name)
    if (object === undefined) throw new Error(`no object ${name}`)
    this.objects.delete(name)
    const resourceVersion = String(++this.clock.version)
    this.#notify('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion } })
  }

  bookmark(): void {
    const { version } = this.clock
    const line = toEvent('BOOKMARK', { ...this.list, metadata: { resourceVersion: String(version) } })
    for (const [watch, { from }] of this.watches) if (version >= from) watch.write(line)
  }

  /** Drops the history after a version. */
  rewind(version: number): void {
    this.#history = this.#history.filter(past => past.version <= version)
    this.#since = Math.min(this.#since, version)
  }

  endWatches(): void {
    for (const watch of this.watches.keys()) watch.end()
    this.watches.clear()
  }

  /** Drops the compacted history. */
  compact(): void {
    this.#history = this.#history.filter(past => past.version > this.clock.compacted)
  }

  expireTokens(): void {
    this.#pendingLists.clear()
  }

  serveList(query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue')
    const { version } = this.clock
    const isSelected = selectorOf(query)
    const selected = [...this.objects.values()].filter(({ metadata }) => isSelected(metadata.name))
    const rest = token === null ? { items: selected, version, sent: 0 } : this.#pendingLists.get(token)
    if (rest === undefined) {
      sendStatus(response, 410, 'the continue token is too old')
      return
    }
    const { items, sent } = rest
    const end = sent + Number(query.get('limit') ?? items.length)
    const more = end < items.length ? { continue: `from ${end} at ${rest.version}` } : {}
    if (more.continue !== undefined) this.#pendingLists.set(more.continue, { ...rest, sent: end })
    const page = {
      apiVersion: this.list.apiVersion,
      kind: `${this.list.kind}List`,
      metadata: { resourceVersion: String(rest.version), ...more },
      // Items of a list have no apiVersion and kind.
      items: items.slice(sent, end).map(({ apiVersion, kind, ...item }) => item)
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page))
  }

  serveWatch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    if (from < Math.max(this.clock.compacted, this.#since)) {
      sendStatus(response, 410, 'too old resource version')
      return
    }
    const isSelected = selectorOf(query)
    this.watches.set(response, { from, isSelected })
    response.on('close', () => this.watches.delete(response))
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    for (const { version, name, line } of this.#history) {
      if (version > from && isSelected(name)) response.write(line)
    }
  }

  #notify(type: string, object: Stored): void {
    const line = toEvent(type, object)
    const { version } = this.clock
    const { name } = object.metadata
    this.#history.push({ version, name, line })
    for (const [watch, { from, isSelected }] of this.watches) if (version > from && isSelected(name)) watch.write(line)
  }
}

export function toEvent(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`
}

/** Responds with an error status, as `metav1.Status`. */
export function sendStatus(
  response: ServerResponse,
  code: number,
  message = '',
  headers: Record<string, string> = {}
): void {
  response.writeHead(code, headers).end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', code, message }))
}

export const keyOf = ({ metadata: { namespace, name } }: Stored) =>
  namespace === undefined ? name : `${namespace}/${name}`
