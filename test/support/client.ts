import { type Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface RequestOptions {
  readonly ca: string
  /** Default: shared connections; `false`: one connection per request. */
  readonly agent?: Agent | false
  /** Name to verify in the certificate; default: host of the URL. */
  readonly servername?: string
  /** Sends half of the body before this resolves, and the rest after it. */
  readonly half?: Promise<unknown>
  /** Sends no Content-Length. */
  readonly chunked?: boolean
}

/** Sends a request to the webhook, as the API server does. */
export async function ask(
  url: string,
  body: string,
  { half, chunked, ...connection }: RequestOptions
): Promise<Response> {
  const size = chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(body) }
  const headers = { 'content-type': 'application/json', ...size }
  const options = { method: 'POST', headers, ...connection }
  const middle = Math.floor(body.length / 2)
  return new Promise((resolve, reject) => {
    const sent = request(url, options, response => {
      const { statusCode: status = 0, headers } = response
      text(response).then(all => resolve({ status, headers, text: all }), reject)
    })
    sent.on('error', reject)
    if (half === undefined) return void sent.end(body)
    sent.write(body.slice(0, middle))
    half.then(() => sent.end(body.slice(middle)), reject)
  })
}

/** An AdmissionReview for the creation of a Namespace. */
export const REVIEW = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    kind: { group: '', version: 'v1', kind: 'Namespace' },
    operation: 'CREATE',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }
  }
})
