import http from 'node:http'
import https from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { InvalidInput } from '../files.ts'

/** An answer of the API server, not yet read. */
export interface Answer {
  readonly status: number
  /** What the server asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined
  readonly body: AsyncIterable<Buffer>
}

/** What we need of an API server: to read. */
export interface Transport {
  /**
   * @param path with query
   * @param idleMs after so long without a byte the connection counts as lost
   * @throws when there is no answer
   */
  get(path: string, options: { readonly signal: AbortSignal; readonly idleMs: number }): Promise<Answer>
}

/** A request that writes, or tries whether it could. */
export interface Sending {
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  readonly body: unknown
  readonly contentType: string
}

/** What the keeper needs besides. */
export interface WritingTransport extends Transport {
  /** As `get`, with a body that is sent as JSON. */
  send(path: string, sending: Sending, options: Parameters<Transport['get']>[1]): Promise<Answer>
}

export interface Kubeconfig {
  readonly file?: string | undefined
  readonly context?: string | undefined
}

/** The first Node that the Kubernetes client runs on. */
const NEEDED_NODE = '22.19.0'
/** What the client falls back to when it finds neither a kubeconfig nor a service account. */
const NONE = 'http://localhost:8080'

/**
 * Connects by kubeconfig, or by the service account of the pod.
 *
 * @throws {InvalidInput} when there is no configuration, or this Node is too old.
 */
export async function connect({ file, context }: Kubeconfig, node = process.versions.node): Promise<WritingTransport> {
  if (node.localeCompare(NEEDED_NODE, 'en', { numeric: true }) < 0) {
    throw new InvalidInput([`reading a cluster needs Node ${NEEDED_NODE} or newer; this is ${node}`])
  }
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  try {
    if (file === undefined) config.loadFromDefault()
    else config.loadFromFile(file)
  } catch (error) {
    throw new InvalidInput([`${file ?? 'kubeconfig'}: ${(error as Error).message}`])
  }
  const contexts = config.getContexts().map(({ name }) => name)
  if (context !== undefined && !contexts.includes(context)) {
    throw new InvalidInput([`the kubeconfig has no context ${context}; it has ${contexts.join(', ')}`])
  }
  if (context !== undefined) config.setCurrentContext(context)
  const server = config.getCurrentCluster()?.server
  if (server === undefined || server === NONE) {
    throw new InvalidInput(['there is no cluster: neither a kubeconfig that names one, nor a service account'])
  }
  const base = server.replace(/\/$/, '')
  return {
    get: (path, options) => ask(config, new URL(base + path), options),
    send: (path, sending, options) => ask(config, new URL(base + path), options, sending)
  }
}

/** Credentials are asked for at each request: a token may have been renewed. */
async function ask(
  config: KubeConfig,
  url: URL,
  { signal, idleMs }: { readonly signal: AbortSignal; readonly idleMs: number },
  sending?: Sending
): Promise<Answer> {
  const options: https.RequestOptions = {
    signal,
    timeout: idleMs,
    method: sending?.method ?? 'GET',
    headers: { Accept: 'application/json', ...(sending === undefined ? {} : { 'Content-Type': sending.contentType }) }
  }
  await config.applyToHTTPSOptions(options)
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'http:' ? http : https).request(url, options, response => {
      const seconds = Number(response.headers['retry-after'])
      resolve({
        status: Number(response.statusCode),
        retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1000,
        body: response
      })
    })
    request.on('timeout', () => request.destroy(new Error(`no word from the server for ${idleMs / 1000} s`)))
    request.on('error', reject)
    request.end(sending === undefined ? undefined : JSON.stringify(sending.body))
  })
}
