import http from 'node:http'
import https from 'node:https'
import { Trouble } from './watch-error.ts'

/** An answer of the API server, not yet read. */
export interface Answer {
  readonly status: number
  /** What the server asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined
  readonly body: AsyncIterable<Buffer>
}

export interface ReadOptions {
  readonly signal: AbortSignal
  /** After so long without a byte the connection counts as lost. */
  readonly idleMs: number
}

/** What a request writes, or tries whether it could. */
export interface Sending {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Sent as JSON. */
  readonly body: unknown
  readonly contentType: string
}

/**
 * Asks for something to read, or sends something.
 *
 * @throws when there is no answer
 */
export function request(
  url: URL,
  { signal, idleMs }: ReadOptions,
  { headers, ...credentials }: https.RequestOptions = {},
  sending?: Sending
): Promise<Answer> {
  const options = {
    ...credentials,
    method: sending?.method ?? 'GET',
    signal,
    timeout: idleMs,
    headers: {
      ...headers,
      Accept: 'application/json',
      ...(sending === undefined ? {} : { 'Content-Type': sending.contentType })
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
      const silence = new Trouble('silent', `no word from the server for ${idleMs / 1000} s`, false)
      // Destroying the request alone would tell the reader of the body no more than that it was aborted.
      body?.destroy(silence)
      sent.destroy(silence)
    })
    sent.on('error', reject)
    sent.end(sending === undefined ? undefined : JSON.stringify(sending.body))
  })
}
