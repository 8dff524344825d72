import Fastify from 'fastify'
import type { Test } from 'tap'
import { health } from '../../src/server/health.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import type { ReflectorTiming } from '../../src/sources/cluster/reflector.ts'
import { request } from '../../src/sources/cluster/request.ts'
import type { Health } from '../../src/sources/cluster/sync-status.ts'
import type { Transport } from '../../src/sources/cluster/transport.ts'
import { type ClusterOptions, watchCluster } from '../../src/sources/cluster/watch.ts'
import type { KindHealth, StateSource } from '../../src/sources/source.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'
import { type ApiServer, type KeyPair, type Stored, startApiServer } from './api-server.ts'
import { pathOf, serveAll } from './cluster.ts'
import { healthOnly } from './evaluator.ts'
import { waitUntil } from './wait-until.ts'

/** The kind that faults are played on. */
export const KIND = 'PeerAuthentication'
export const POLICIES = pathOf(KIND)

/** The same kind at a newer API version. */
export const V1_POLICIES = POLICIES.replace('v1beta1', 'v1')

/** About a hundredth of the production timing. */
export const FAST_TIMING: ReflectorTiming = {
  minBackoffMs: 5,
  maxBackoffMs: 50,
  listIdleTimeoutMs: 10_000,
  watchIdleTimeoutMs: 10_000,
  watchTimeoutSeconds: 300,
  relistIntervalMs: 3_600_000
}

/** For faults that only an idle timeout detects. */
export const SHORT_IDLE_TIMEOUTS = { listIdleTimeoutMs: 1_000, watchIdleTimeoutMs: 1_000 }

export interface WatchHarness {
  readonly api: ApiServer
  readonly source: StateSource
  /** Cached policies, each as `namespace mode`. */
  readonly cachedPolicies: () => readonly string[]
  readonly health: () => KindHealth
  /** Health states of the kind so far, oldest first. */
  readonly healthHistory: readonly Health[]
  readonly parseErrors: readonly string[]
  readonly isUnreadable: () => boolean
  /** Status of /readyz, and its line for the kind. */
  readonly readiness: () => Promise<{ readonly status: number; readonly line: string | undefined }>
  /** Requests for the kind so far. */
  readonly requests: () => readonly string[]
  /** Waits until each watch has received an event or a bookmark. */
  readonly waitForWatches: () => Promise<void>
  /** Waits until the cache equals the server. @returns the time in milliseconds */
  readonly waitForSync: (withinMs?: number) => Promise<number>
}

export interface WatchOptions extends Partial<Omit<ClusterOptions, 'timing'>> {
  readonly timing?: Partial<ReflectorTiming>
  /** Default: plain requests, so that the Kubernetes client is not loaded. */
  readonly transport?: Transport
}

export function policy(namespace: string, mode: unknown = 'STRICT') {
  return { metadata: { namespace, name: 'default' }, spec: { mtls: { mode } } }
}

/** Path at which the server currently serves the policies. */
export const servedPath = (api: ApiServer) => [POLICIES, V1_POLICIES].find(path => api.serves(path))

/** Policies of the server, as `cachedPolicies`. */
function expectedPolicies(api: ApiServer): readonly string[] {
  const stored = api.objects(servedPath(api) ?? POLICIES) as readonly (Stored & ReturnType<typeof policy>)[]
  return stored.map(({ metadata: { namespace }, spec }) => `${namespace} ${spec.mtls.mode}`).sort()
}

/** An API server with all kinds, and policies in the namespaces `a` and `b`. */
export async function startWithPolicies(t: Pick<Test, 'teardown'>, keyPair?: KeyPair): Promise<ApiServer> {
  const api = await startApiServer(keyPair)
  t.teardown(api.close)
  serveAll(api)
  for (const namespace of ['a', 'b']) api.put(POLICIES, policy(namespace))
  return api
}

function toTransport({ url }: ApiServer): Transport {
  return { get: (path, options) => request(new URL(url + path), options) }
}

/** Watches a server until the test ends. */
export async function watch(
  t: Pick<Test, 'teardown'>,
  api: ApiServer,
  { timing, transport = toTransport(api), ...options }: WatchOptions = {}
): Promise<WatchHarness> {
  const healthHistory: Health[] = []
  const parseErrors: string[] = []
  const source = watchCluster(transport, {
    settings: DEFAULT_SETTINGS,
    onParseError: message => parseErrors.push(message),
    onHealthChange: (kind, one) => {
      if (kind === KIND && healthHistory.at(-1) !== one) healthHistory.push(one)
    },
    graceMs: 0,
    ...options,
    timing: { ...FAST_TIMING, ...timing }
  })
  const app = Fastify()
  await app.register(health, {
    evaluator: healthOnly(source),
    metrics: createMetrics(healthOnly(source)),
    isStopping: () => false
  })
  t.teardown(async () => {
    await source.close()
    await app.close()
  })
  const cachedPolicies = () =>
    source
      .current()
      .list(KIND)
      .map(({ namespace, spec }) => `${namespace} ${spec.mtls?.mode}`)
  return {
    api,
    source,
    cachedPolicies,
    health: () => source.health().find(({ kind }) => kind === KIND) as KindHealth,
    healthHistory,
    parseErrors,
    isUnreadable: () => source.current().unreadable.has(KIND),
    readiness: async () => {
      const { statusCode, body } = await app.inject('/readyz?verbose')
      return { status: statusCode, line: body.split('\n').find(line => line.startsWith(KIND)) }
    },
    requests: () => api.requests.filter(request => /\/peerauthentications|\/apis\/security.istio.io$/.test(request)),
    waitForWatches: async () => {
      await waitUntil('all watches are open', () => api.openWatches() === source.health().length)
      const sinceMs = performance.now()
      api.bookmark()
      const haveEvents = () => source.health().every(({ stalenessMs }) => stalenessMs < performance.now() - sinceMs)
      await waitUntil('all watches have an event', haveEvents)
    },
    waitForSync: async (withinMs = 5_000) => {
      const startedMs = performance.now()
      const isEqual = () =>
        !source.current().unreadable.has(KIND) && String(cachedPolicies()) === String(expectedPolicies(api))
      await waitUntil('the cache equals the server', isEqual, withinMs)
      return performance.now() - startedMs
    }
  }
}
