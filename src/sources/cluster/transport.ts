import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { memoize } from '../../state/memoize.ts'
import { DEFAULT_NAMESPACE } from '../../state/resource.ts'
import { type Kubeconfig, loadKubeconfig, serverOf } from './kubeconfig.ts'
import { type ApiResponse, type ReadOptions, request, type WriteRequest } from './request.ts'
import { WatchError } from './watch-error.ts'

/** Read access to an API server. */
export interface Transport {
  /**
   * @param path with query
   * @throws if there is no response
   */
  get(path: string, options: ReadOptions): Promise<ApiResponse>
}

/** Read and write access, for the controller. */
export interface WritingTransport extends Transport {
  /** As `get`, with a method and a body. */
  send(path: string, write: WriteRequest, options: ReadOptions): Promise<ApiResponse>
}

export interface Connection extends WritingTransport {
  /** Namespace of the context, for names given without one. */
  readonly namespace: string
}

/**
 * Connects by kubeconfig, or by the service account of the pod.
 *
 * @throws {InvalidInput} if no cluster is configured
 */
export async function connect(kubeconfig: Kubeconfig): Promise<Connection> {
  const { KubeConfig } = await import('./client.ts')
  const first = loadKubeconfig(KubeConfig, kubeconfig)
  // The context is fixed at the start: a reload must not switch to another cluster.
  const context = first.getCurrentContext()
  const pinned = { ...kubeconfig, context }
  let cached: KubeConfig | undefined = first
  let loadedMs = performance.now()
  const send = async (path: string, options: ReadOptions, write?: WriteRequest) => {
    if (cached === undefined) {
      cached = loadKubeconfig(KubeConfig, pinned)
      loadedMs = performance.now()
    }
    const used = cached
    // The client caches tokens, certificates and the output of exec plugins; any of them may be outdated.
    const invalidate = () => {
      if (cached === used && performance.now() > loadedMs + KUBECONFIG_TTL_MS) cached = undefined
    }
    try {
      const response = await requestWithCredentials(used, path, options, write)
      if (response.status === UNAUTHORIZED) invalidate()
      return response
    } catch (error) {
      invalidate()
      throw error
    }
  }
  return {
    get: send,
    send: (path, write, options) => send(path, options, write),
    namespace: first.getContextObject(context)?.namespace ?? DEFAULT_NAMESPACE
  }
}

const UNAUTHORIZED = 401
/** The kubeconfig is reloaded at most this often, so that many failing watches do not start many exec plugins. */
const KUBECONFIG_TTL_MS = 1_000

/** Loads credentials for each request, because a token may have been renewed. */
async function requestWithCredentials(
  config: KubeConfig,
  path: string,
  options: ReadOptions,
  write: WriteRequest | undefined
): Promise<ApiResponse> {
  const credentials: RequestOptions = { timeout: options.idleTimeoutMs }
  await withTimeout(
    loadCredentials(config).then(() => config.applyToHTTPSOptions(credentials)),
    options
  )
  return request(new URL(serverOf(config) + path), options, credentials, write)
}

/** Memoized per kubeconfig, so that concurrent requests start an exec plugin only once. */
const loadCredentials = memoize((config: KubeConfig) => config.applyToHTTPSOptions({}))

/** Rejects after the timeout or on abort; a hanging exec plugin cannot be cancelled. */
async function withTimeout(work: Promise<void>, { signal, idleTimeoutMs }: ReadOptions): Promise<void> {
  const { promise: timeout, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  const timer = setTimeout(
    () => reject(new WatchError('idle-timeout', `no credentials within ${idleTimeoutMs / 1000} s`, false)),
    idleTimeoutMs
  )
  signal.addEventListener('abort', stop)
  try {
    await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
