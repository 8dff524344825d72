import { z } from 'zod'
import { parseJson } from '../sources/cluster/json.ts'
import { toText } from '../sources/cluster/line-stream.ts'
import type { ApiResponse } from '../sources/cluster/request.ts'
import type { WritingTransport } from '../sources/cluster/transport.ts'

/** The API server refused a request. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Single objects of an API server. Each request has its deadline. */
export interface Api {
  /** @throws {Refused} */
  readonly get: (path: string) => Promise<unknown>
  /**
   * Changes only the fields that are given. With a `resourceVersion` among them it changes nothing when the object is
   * another by now.
   *
   * @throws {Refused} then with status 409
   */
  readonly merge: (path: string, patch: object) => Promise<unknown>
  /** Makes the fields ours, whoever had them before; those that we no longer name are given up. @throws {Refused} */
  readonly apply: (path: string, object: object) => Promise<unknown>
  /** Asks whether an object could be created, by all admission; nothing is kept. @throws {Refused} */
  readonly tryCreate: (path: string, object: object) => Promise<unknown>
  /** @throws {Refused} with status 409 when it is there already */
  readonly create: (path: string, object: object) => Promise<unknown>
  /** Removes it, unless it is another than this version by now. @throws {Refused} then with status 409 */
  readonly remove: (path: string, resourceVersion: string) => Promise<unknown>
}

/** Under this name the API server records what we write. */
export const FIELD_MANAGER = 'kserve-mesh-guard'

const status = z.object({ message: z.string() })

export function apiOf(transport: WritingTransport, timeoutMs: number): Api {
  const options = () => ({ signal: AbortSignal.timeout(timeoutMs), idleTimeoutMs: timeoutMs })
  const send = async (method: 'PATCH' | 'POST' | 'DELETE', path: string, contentType: string, body: object) =>
    read(await transport.send(path, { method, contentType, body }, options()))
  return {
    get: async path => read(await transport.get(path, options())),
    merge: (path, patch) =>
      send('PATCH', `${path}?fieldManager=${FIELD_MANAGER}`, 'application/merge-patch+json', patch),
    apply: (path, object) =>
      send('PATCH', `${path}?fieldManager=${FIELD_MANAGER}&force=true`, 'application/apply-patch+yaml', object),
    tryCreate: (path, object) =>
      send('POST', `${path}?dryRun=All&fieldManager=${FIELD_MANAGER}`, 'application/json', object),
    create: (path, object) => send('POST', `${path}?fieldManager=${FIELD_MANAGER}`, 'application/json', object),
    remove: (path, resourceVersion) =>
      send('DELETE', path, 'application/json', {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { resourceVersion }
      })
  }
}

/** No object is nearly as large, and no page of reports. */
const MOST_BYTES = 128 * 1024 * 1024

async function read(answer: ApiResponse): Promise<unknown> {
  const text = await toText(answer.body, MOST_BYTES)
  const object = parseJson(text)
  if (answer.status < 300) return object
  const { data } = status.safeParse(object)
  throw new Refused(answer.status, data?.message ?? `the API server answered ${answer.status}`)
}
