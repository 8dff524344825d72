import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { memoize } from '../../state/memoize.ts'
import { DEFAULT_NAMESPACE } from '../../state/resource.ts'
import { InvalidInput } from '../files.ts'
import { type Kubeconfig, loadKubeconfig, serverOf } from './kubeconfig.ts'
import { type Answer, type ReadOptions, request, type Sending } from './request.ts'
import { Trouble } from './watch-error.ts'

/** What we need of an API server: to read. */
export interface Transport {
  /**
   * @param path with query
   * @throws when there is no answer
   */
  get(path: string, options: ReadOptions): Promise<Answer>
}

/** What the keeper needs besides. */
export interface WritingTransport extends Transport {
  /** As `get`, with a body that is sent as JSON. */
  send(path: string, sending: Sending, options: ReadOptions): Promise<Answer>
}

/** A cluster that is connected to. */
export interface Connection extends WritingTransport {
  /** That of the context: what is meant where none is named. */
  readonly namespace: string
}

/** The first Node that the Kubernetes client runs on. */
const NEEDED_NODE = '22.19.0'

/**
 * Connects by kubeconfig, or by the service account of the pod.
 *
 * @throws {InvalidInput} when there is no configuration, or this Node is too old.
 */
export async function connect(kubeconfig: Kubeconfig, node = process.versions.node): Promise<Connection> {
  if (node.localeCompare(NEEDED_NODE, 'en', { numeric: true }) < 0) {
    throw new InvalidInput([`reading a cluster needs Node ${NEEDED_NODE} or newer; this is ${node}`])
  }
  const { KubeConfig } = await import('./client.ts')
  const first = loadKubeconfig(KubeConfig, kubeconfig)
  // Should somebody choose another context meanwhile, we stay where we are.
  const context = first.getCurrentContext()
  const again = { ...kubeconfig, context }
  let newest: KubeConfig | undefined = first
  let readMs = performance.now()
  const ask = async (path: string, options: ReadOptions, sending?: Sending) => {
    if (newest === undefined) {
      newest = loadKubeconfig(KubeConfig, again)
      readMs = performance.now()
    }
    const used = newest
    // Tokens, certificates and what plugins answer are remembered: when they do not open the door, all is read anew.
    const forget = () => {
      if (newest === used && performance.now() > readMs + KEPT_MS) newest = undefined
    }
    try {
      const answer = await askBy(used, path, options, sending)
      if (answer.status === UNAUTHORIZED) forget()
      return answer
    } catch (error) {
      forget()
      throw error
    }
  }
  return {
    get: ask,
    send: (path, sending, options) => ask(path, options, sending),
    namespace: first.getContextObject(context)?.namespace ?? DEFAULT_NAMESPACE
  }
}

const UNAUTHORIZED = 401
/** Where fifty watches fail, each would have all read anew, and a plugin started: that alone can keep them failing. */
const KEPT_MS = 1_000

/** Credentials are asked for at each request: a token may have been renewed. */
async function askBy(
  config: KubeConfig,
  path: string,
  options: ReadOptions,
  sending: Sending | undefined
): Promise<Answer> {
  const credentials: RequestOptions = { timeout: options.idleMs }
  await orGiveUp(
    asked(config).then(() => config.applyToHTTPSOptions(credentials)),
    options
  )
  return request(new URL(serverOf(config) + path), options, credentials, sending)
}

/** Asks for credentials. Who else needs them waits for what comes: else a plugin would be started for each that does. */
const asked = memoize((config: KubeConfig) => config.applyToHTTPSOptions({}))

/** A plugin may hang. Nobody can stop it, but we need not wait for it. */
async function orGiveUp(work: Promise<void>, { signal, idleMs }: ReadOptions): Promise<void> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  const stop = () => reject(signal.reason)
  const timer = setTimeout(
    () => reject(new Trouble('silent', `no credentials within ${idleMs / 1000} s`, false)),
    idleMs
  )
  signal.addEventListener('abort', stop)
  try {
    await Promise.race([work, givenUp])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}
