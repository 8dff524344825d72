import { z } from 'zod'
import { parseJson } from './json.ts'
import { toText } from './lines.ts'
import type { Transport } from './transport.ts'

/** The server's answer was not what was asked for. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly status: number
  readonly retryAfterMs: number | undefined

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

const page = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.looseObject({}))
})

export interface Listed {
  readonly objects: readonly unknown[]
  /** Where a watch goes on. */
  readonly resourceVersion: string
}

const PAGE = 500
const LIST_IDLE_MS = 30_000

/**
 * Lists a collection, page by page, so that neither side holds more than it must.
 *
 * @throws {ServerError} for any answer but a list
 */
export async function list(transport: Transport, path: string, signal: AbortSignal): Promise<Listed> {
  const objects: unknown[] = []
  let next: string | undefined = ''
  let resourceVersion = ''
  while (next !== undefined) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next === '' ? {} : { continue: next }) })
    const answer = await transport.get(`${path}?${query}`, { signal, idleMs: LIST_IDLE_MS })
    const text = await toText(answer.body)
    if (answer.status !== 200) throw new ServerError(answer.status, `${path}: ${answer.status}`, answer.retryAfterMs)
    const { data } = page.safeParse(parseJson(text))
    if (data === undefined) throw new ServerError(answer.status, `${path}: the answer is no list`)
    const { apiVersion, kind, metadata, items } = data
    // Items of a list do not name their kind; the list does.
    objects.push(...items.map(item => ({ ...item, apiVersion, kind: kind.replace(/List$/, '') })))
    resourceVersion = metadata.resourceVersion
    next = metadata.continue || undefined
  }
  return { objects, resourceVersion }
}
