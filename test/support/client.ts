import { type Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface Sending {
  readonly ca: string
  /** Without it, connections are kept and shared; with `false` each request has one of its own. */
  readonly agent?: Agent | false
  /** The name that the certificate must have, where it is not that in the address. */
  readonly servername?: string
  /** Sends but half of it until this comes. */
  readonly half?: Promise<unknown>
  /** Does not say how much it is. */
  readonly chunked?: boolean
}

/** Asks the webhook, as the API server does. */
export async function ask(url: string, body: string, { half, chunked, ...connection }: Sending): Promise<Response> {
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

/** Whether a Namespace may be made. */
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
