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
import { DEFAULT_SETTINGS } from '../../src/state/snapshot.ts'
import { type ApiServer, type KeyPair, type Stored, startApiServer } from './api-server.ts'
import { pathOf, serveAll } from './cluster.ts'
import { healthOnly } from './evaluator.ts'
import { until } from './wait-until.ts'

/** The kind that faults are played on. */
export const KIND = 'PeerAuthentication'
export const POLICIES = pathOf(KIND)

/** The same at the version that came later. */
export const V1_POLICIES = POLICIES.replace('v1beta1', 'v1')

/** A hundredth of what it is in life, or so. */
export const QUICK: ReflectorTiming = {
  minBackoffMs: 5,
  maxBackoffMs: 50,
  listIdleTimeoutMs: 10_000,
  watchIdleTimeoutMs: 10_000,
  watchTimeoutSeconds: 300,
  relistIntervalMs: 3_600_000
}

/** For faults that nothing but silence tells of. */
export const IMPATIENT = { listIdleTimeoutMs: 1_000, watchIdleTimeoutMs: 1_000 }

export interface Watched {
  readonly api: ApiServer
  readonly source: StateSource
  /** What we know of the kind: `namespace mode` for each policy. */
  readonly known: () => readonly string[]
  readonly evidence: () => KindHealth
  /** Each health that the kind has had, oldest first. */
  readonly healths: readonly Health[]
  /** What could not be read. */
  readonly faults: readonly string[]
  readonly isMissing: () => boolean
  /** What is answered to those who ask whether we are ready, and the line of the kind. */
  readonly readiness: () => Promise<{ readonly status: number; readonly line: string | undefined }>
  /** Requests for the kind so far. */
  readonly asked: () => readonly string[]
  /** Waits until each watch has said a word. */
  readonly following: () => Promise<void>
  /** Waits until the state is that of the server. @returns how long that took, in milliseconds */
  readonly settle: (withinMs?: number) => Promise<number>
}

export interface WatchOptions extends Partial<Omit<ClusterOptions, 'timing'>> {
  readonly timing?: Partial<ReflectorTiming>
  /** Without it, requests go out as they are: no need to load the Kubernetes client. */
  readonly transport?: Transport
}

export function policy(namespace: string, mode: unknown = 'STRICT') {
  return { metadata: { namespace, name: 'default' }, spec: { mtls: { mode } } }
}

/** Where the server has the policies now. */
export const placeOf = (api: ApiServer) => [POLICIES, V1_POLICIES].find(path => api.serves(path))

/** Each policy of the server in a few words. */
function truthOf(api: ApiServer): readonly string[] {
  const stored = api.objects(placeOf(api) ?? POLICIES) as readonly (Stored & ReturnType<typeof policy>)[]
  return stored.map(({ metadata: { namespace }, spec }) => `${namespace} ${spec.mtls.mode}`).sort()
}

/** A server of all kinds, with policies in the namespaces `a` and `b`. */
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
): Promise<Watched> {
  const healths: Health[] = []
  const faults: string[] = []
  const source = watchCluster(transport, {
    settings: DEFAULT_SETTINGS,
    onParseError: message => faults.push(message),
    onHealthChange: (kind, one) => {
      if (kind === KIND && healths.at(-1) !== one) healths.push(one)
    },
    graceMs: 0,
    ...options,
    timing: { ...QUICK, ...timing }
  })
  const app = Fastify()
  await app.register(health, { evaluator: source, metrics: createMetrics(healthOnly(source)), isStopping: () => false })
  t.teardown(async () => {
    await source.close()
    await app.close()
  })
  const known = () =>
    source
      .current()
      .list(KIND)
      .map(({ namespace, spec }) => `${namespace} ${spec.mtls?.mode}`)
  return {
    api,
    source,
    known,
    evidence: () => source.health().find(({ kind }) => kind === KIND) as KindHealth,
    healths,
    faults,
    isMissing: () => source.current().unreadable.has(KIND),
    readiness: async () => {
      const { statusCode, body } = await app.inject('/readyz?verbose')
      return { status: statusCode, line: body.split('\n').find(line => line.startsWith(KIND)) }
    },
    asked: () => api.requests.filter(request => /\/peerauthentications|\/apis\/security.istio.io$/.test(request)),
    following: async () => {
      await until('all watches stand', () => api.openWatches() === source.health().length)
      const sinceMs = performance.now()
      api.bookmark()
      const haveSpoken = () => source.health().every(({ stalenessMs }) => stalenessMs < performance.now() - sinceMs)
      await until('all watches have spoken', haveSpoken)
    },
    settle: async (withinMs = 5_000) => {
      const startedMs = performance.now()
      const isEqual = () => !source.current().unreadable.has(KIND) && String(known()) === String(truthOf(api))
      await until('the state is that of the server', isEqual, withinMs)
      return performance.now() - startedMs
    }
  }
}
