import { join } from 'node:path'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { DEFAULT_SETTINGS } from '../../src/model/snapshot.ts'
import { health } from '../../src/server/health.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import type { Health } from '../../src/sources/cluster/evidence.ts'
import type { Timing } from '../../src/sources/cluster/reflector.ts'
import { connect } from '../../src/sources/cluster/transport.ts'
import { type ClusterOptions, watchCluster } from '../../src/sources/cluster/watch.ts'
import type { KindHealth, StateSource } from '../../src/sources/source.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { pathOf, serveAll } from './cluster.ts'
import { kubeconfig } from './kubeconfig.ts'
import { until } from './until.ts'

/** The kind that faults are played on. */
export const KIND = 'PeerAuthentication'
export const POLICIES = pathOf(KIND)

/** A hundredth of what it is in life. */
export const QUICK: Timing = {
  minPauseMs: 5,
  maxPauseMs: 50,
  listIdleMs: 150,
  idleMs: 150,
  watchSeconds: 300,
  relistMs: 3_600_000
}

export interface Watched {
  readonly api: ApiServer
  readonly source: StateSource
  /** What we know of the kind: `namespace/name`. */
  readonly keys: () => readonly string[]
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
  /** Waits until the state is that of the server. @returns how long that took, in milliseconds */
  readonly settle: (withinMs?: number) => Promise<number>
}

export interface WatchOptions extends Partial<Omit<ClusterOptions, 'timing'>> {
  readonly timing?: Partial<Timing>
  readonly config?: string
}

export function policy(namespace: string, mode: unknown = 'STRICT') {
  return { metadata: { namespace, name: 'default' }, spec: { mtls: { mode } } }
}

/** A server of all kinds, with policies in the namespaces `a` and `b`. */
export async function startWithPolicies(t: Pick<Test, 'teardown'>): Promise<ApiServer> {
  const api = await startApiServer()
  t.teardown(api.close)
  serveAll(api)
  for (const namespace of ['a', 'b']) api.put(POLICIES, policy(namespace))
  return api
}

/** Watches a server until the test ends. */
export async function watch(
  t: Pick<Test, 'teardown' | 'testdir'>,
  api: ApiServer,
  { timing, config = kubeconfig(api.url), ...options }: WatchOptions = {}
): Promise<Watched> {
  const healths: Health[] = []
  const faults: string[] = []
  const source = watchCluster(await connect({ file: join(t.testdir({ config }), 'config') }), {
    settings: DEFAULT_SETTINGS,
    onFault: message => faults.push(message),
    onHealth: (kind, one) => {
      if (kind === KIND && healths.at(-1) !== one) healths.push(one)
    },
    graceMs: 0,
    ...options,
    timing: { ...QUICK, ...timing }
  })
  const app = Fastify()
  await app.register(health, { source, metrics: createMetrics(source), isStopping: () => false })
  t.teardown(async () => {
    await source.close()
    await app.close()
  })
  const keys = () =>
    source
      .current()
      .list(KIND)
      .map(({ namespace, name }) => `${namespace}/${name}`)
  return {
    api,
    source,
    keys,
    evidence: () => source.health().find(({ kind }) => kind === KIND) as KindHealth,
    healths,
    faults,
    isMissing: () => source.current().unreadable.has(KIND),
    readiness: async () => {
      const { statusCode, body } = await app.inject('/readyz?verbose')
      return { status: statusCode, line: body.split('\n').find(line => line.startsWith(KIND)) }
    },
    asked: () => api.requests.filter(request => request.startsWith(`${POLICIES}?`)),
    settle: async (withinMs = 2_000) => {
      const startedMs = performance.now()
      const isEqual = () => String(keys()) === String(api.keys(POLICIES)) && !source.current().unreadable.has(KIND)
      await until(`${keys()} is ${api.keys(POLICIES)}`, isEqual, withinMs)
      return performance.now() - startedMs
    }
  }
}
