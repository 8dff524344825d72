import { z } from 'zod'
import { parseJson } from '../sources/cluster/json.ts'
import { toText } from '../sources/cluster/line-stream.ts'
import type { ApiResponse } from '../sources/cluster/request.ts'
import type { WritingTransport } from '../sources/cluster/transport.ts'

/** Error response of the API server; the message is that of its `metav1.Status`. */
export class ApiStatusError extends Error {
  override readonly name = 'ApiStatusError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Client for single objects of the API server. Every request has a timeout. */
export interface ApiClient {
  /** @throws {ApiStatusError} */
  readonly get: (path: string) => Promise<unknown>
  /**
   * JSON merge patch. With `metadata.resourceVersion` in the patch, it fails if the object has changed.
   *
   * @throws {ApiStatusError} with status 409 on conflict
   */
  readonly mergePatch: (path: string, patch: object) => Promise<unknown>
  /** Server-side apply with force: takes over fields of other managers. @throws {ApiStatusError} */
  readonly apply: (path: string, object: object) => Promise<unknown>
  /** Creates with `dryRun=All`: admission runs, nothing is stored. @throws {ApiStatusError} */
  readonly dryRunCreate: (path: string, object: object) => Promise<unknown>
  /** @throws {ApiStatusError} with status 409 if the object exists */
  readonly create: (path: string, object: object) => Promise<unknown>
  /** Deletes this version of the object. @throws {ApiStatusError} with status 409 if it has changed */
  readonly delete: (path: string, resourceVersion: string) => Promise<unknown>
}

/** Field manager of all writes of the guard. */
export const FIELD_MANAGER = 'kserve-mesh-guard'

const status = z.object({ message: z.string() })

export function createApiClient(transport: WritingTransport, timeoutMs: number): ApiClient {
  const options = () => ({ signal: AbortSignal.timeout(timeoutMs), idleTimeoutMs: timeoutMs })
  const send = async (method: 'PATCH' | 'POST' | 'DELETE', path: string, contentType: string, body: object) =>
    read(await transport.send(path, { method, contentType, body }, options()))
  return {
    get: async path => read(await transport.get(path, options())),
    mergePatch: (path, patch) =>
      send('PATCH', `${path}?fieldManager=${FIELD_MANAGER}`, 'application/merge-patch+json', patch),
    apply: (path, object) =>
      send('PATCH', `${path}?fieldManager=${FIELD_MANAGER}&force=true`, 'application/apply-patch+yaml', object),
    dryRunCreate: (path, object) =>
      send('POST', `${path}?dryRun=All&fieldManager=${FIELD_MANAGER}`, 'application/json', object),
    create: (path, object) => send('POST', `${path}?fieldManager=${FIELD_MANAGER}`, 'application/json', object),
    delete: (path, resourceVersion) =>
      send('DELETE', path, 'application/json', {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { resourceVersion }
      })
  }
}

/** Far above the size of any object or page of reports. */
const MAX_BYTES = 128 * 1024 * 1024

async function read(answer: ApiResponse): Promise<unknown> {
  const text = await toText(answer.body, MAX_BYTES)
  const object = parseJson(text)
  if (answer.status < 300) return object
  const { data } = status.safeParse(object)
  throw new ApiStatusError(answer.status, data?.message ?? `the API server answered ${answer.status}`)
}
