import http from 'node:http'
import https from 'node:https'
import { WatchError } from './watch-error.ts'

/** A response of the API server; the body is not read yet. */
export interface ApiResponse {
  readonly status: number
  /** From the Retry-After header. */
  readonly retryAfterMs: number | undefined
  readonly body: AsyncIterable<Buffer>
}

export interface ReadOptions {
  readonly signal: AbortSignal
  /** Maximum time between two bytes. */
  readonly idleTimeoutMs: number
}

export interface WriteRequest {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Sent as JSON. */
  readonly body: unknown
  readonly contentType: string
}

/**
 * Sends a GET, or `write` if given.
 *
 * @throws if there is no response
 */
export function request(
  url: URL,
  { signal, idleTimeoutMs }: ReadOptions,
  { headers, ...credentials }: https.RequestOptions = {},
  write?: WriteRequest
): Promise<ApiResponse> {
  const options = {
    ...credentials,
    method: write?.method ?? 'GET',
    signal,
    timeout: idleTimeoutMs,
    headers: {
      ...headers,
      Accept: 'application/json',
      ...(write === undefined ? {} : { 'Content-Type': write.contentType })
    }
  }
  return new Promise((resolve, reject) => {
    let body: http.IncomingMessage | undefined
    const sent = (url.protocol === 'http:' ? http : https).request(url, options, response => {
      body = response
      const seconds = Number(response.headers['retry-after'])
      resolve({
        status: Number(response.statusCode),
        retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1000,
        body
      })
    })
    sent.on('timeout', () => {
      const timeout = new WatchError('idle-timeout', `no bytes from the server for ${idleTimeoutMs / 1000} s`, false)
      // Without its own error, the reader of the body would only get "aborted".
      body?.destroy(timeout)
      sent.destroy(timeout)
    })
    sent.on('error', reject)
    sent.end(write === undefined ? undefined : JSON.stringify(write.body))
  })
}
