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

interface Past {
  readonly version: number
  readonly line: string
}

/** What all collections of a server share, as they share etcd. */
export interface Clock {
  version: number
  /** What happened up to here is forgotten. */
  compacted: number
}

interface Rest {
  readonly items: readonly Stored[]
  readonly version: number
  /** How many are told already. */
  readonly told: number
}

/** One collection, with its history and those who watch it. */
export class Collection {
  readonly list: ListType
  readonly clock: Clock
  readonly objects = new Map<string, Stored>()
  /** Who watches, and from which version on. */
  readonly watches = new Map<ServerResponse, number>()
  #history: Past[] = []
  /** What was before, when there was no such collection or another, it knows nothing of. */
  #since: number
  /** What is left of lists that were begun, by continue token. */
  readonly #rests = new Map<string, Rest>()

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
    // Whatever version it was written at, here it has that of the collection.
    const stored = { ...object, apiVersion, kind, metadata }
    this.objects.set(key, stored)
    this.#tell(known === undefined ? 'ADDED' : 'MODIFIED', stored)
  }

  remove(name: string): void {
    const object = this.objects.get(name)
    if (object === undefined) throw new Error(`there is no ${name}`)
    this.objects.delete(name)
    const resourceVersion = String(++this.clock.version)
    this.#tell('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion } })
  }

  bookmark(): void {
    const { version } = this.clock
    const line = toEvent('BOOKMARK', { ...this.list, metadata: { resourceVersion: String(version) } })
    for (const [watch, from] of this.watches) if (version >= from) watch.write(line)
  }

  /** What happened after this version never happened. */
  rewind(version: number): void {
    this.#history = this.#history.filter(past => past.version <= version)
    this.#since = Math.min(this.#since, version)
  }

  endWatches(): void {
    for (const watch of this.watches.keys()) watch.end()
    this.watches.clear()
  }

  /** What is forgotten takes no room. */
  compact(): void {
    this.#history = this.#history.filter(past => past.version > this.clock.compacted)
  }

  expireTokens(): void {
    this.#rests.clear()
  }

  answerList(query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue')
    const { version } = this.clock
    const rest = token === null ? { items: [...this.objects.values()], version, told: 0 } : this.#rests.get(token)
    if (rest === undefined) {
      refuse(response, 410, 'the continue token is too old')
      return
    }
    const { items, told } = rest
    const end = told + Number(query.get('limit') ?? items.length)
    const more = end < items.length ? { continue: `from ${end} at ${rest.version}` } : {}
    if (more.continue !== undefined) this.#rests.set(more.continue, { ...rest, told: end })
    const page = {
      apiVersion: this.list.apiVersion,
      kind: `${this.list.kind}List`,
      metadata: { resourceVersion: String(rest.version), ...more },
      // The items of a list do not say what they are.
      items: items.slice(told, end).map(({ apiVersion, kind, ...item }) => item)
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page))
  }

  answerWatch(query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'))
    if (from < Math.max(this.clock.compacted, this.#since)) {
      refuse(response, 410, 'too old resource version')
      return
    }
    this.watches.set(response, from)
    response.on('close', () => this.watches.delete(response))
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    for (const { version, line } of this.#history) if (version > from) response.write(line)
  }

  #tell(type: string, object: Stored): void {
    const line = toEvent(type, object)
    const { version } = this.clock
    this.#history.push({ version, line })
    for (const [watch, from] of this.watches) if (version > from) watch.write(line)
  }
}

export function toEvent(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`
}

/** Answers as the API server does when it does not do as it was asked. */
export function refuse(
  response: ServerResponse,
  code: number,
  message = '',
  headers: Record<string, string> = {}
): void {
  response.writeHead(code, headers).end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', code, message }))
}

export const keyOf = ({ metadata: { namespace, name } }: Stored) =>
  namespace === undefined ? name : `${namespace}/${name}`
