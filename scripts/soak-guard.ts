import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { parseConfig } from '../src/config.ts'
import type { Clock } from '../src/controller/clock.ts'
import { type Controller, startController } from '../src/controller/manager.ts'
import { watchConfig } from '../src/server/config-reload.ts'
import { type RunningServer, serve } from '../src/server/serve.ts'
import { DEFAULT_TIMING, type ReflectorTiming } from '../src/sources/cluster/reflector.ts'
import { connect } from '../src/sources/cluster/transport.ts'
import { watchCluster } from '../src/sources/cluster/watch.ts'
import type { StateSource } from '../src/sources/source.ts'
import { NAMESPACE } from '../test/support/controller.ts'
import { evaluatorOf } from '../test/support/evaluator.ts'
import type { Cluster } from './soak-cluster.ts'

/** Replica of the guard, composed like in `serve`, with faster timing. */
export interface Replica {
  readonly controller: Controller
  readonly running: RunningServer
  readonly source: StateSource
  /** True if an evaluation since then (`performance.now()`) lacked a stale kind. */
  readonly wasStale: (sinceMs: number) => boolean
  readonly stop: () => Promise<void>
}

/** Speedup of intervals. */
const TIME_FACTOR = 10
/** Speedup of the controller clock; lower, because real request times count against the Lease duration. */
const CONTROLLER_TIME_FACTOR = 4
const GRACE_MS = 10_000 / TIME_FACTOR
/** Relists after 10 s instead of an hour. Idle timeouts are long enough for a busy machine. */
const FAST_TIMING: ReflectorTiming = {
  ...DEFAULT_TIMING,
  minBackoffMs: DEFAULT_TIMING.minBackoffMs / TIME_FACTOR,
  maxBackoffMs: DEFAULT_TIMING.maxBackoffMs / TIME_FACTOR,
  listIdleTimeoutMs: 15_000,
  watchIdleTimeoutMs: 15_000,
  relistIntervalMs: 10_000
}

const CONFIGURATION = '{ server: { port: 0, healthPort: 0 }, controller: { enabled: true }, log: { level: silent } }'

const clock: Clock = {
  now: () => performance.now() * CONTROLLER_TIME_FACTOR,
  date: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms / CONTROLLER_TIME_FACTOR, undefined, { signal }).catch(() => {})
  }
}

export async function startReplica(cluster: Cluster): Promise<Replica> {
  const logger = pino({ level: 'silent' })
  const parse = () => parseConfig(CONFIGURATION, 'the configuration of the soak')
  const configuration = watchConfig({ read: () => '', parse }, logger)
  const config = configuration.current()
  const { mesh: settings } = config
  const { service } = config.controller
  const transport = await connect({ files: [cluster.kubeconfig] })
  const controller = await startController({
    transport,
    namespace: NAMESPACE,
    settings,
    service,
    folder: undefined,
    log: logger,
    clock
  })
  const source = watchCluster(transport, {
    settings,
    onParseError: () => {},
    onHealthChange: () => {},
    timing: FAST_TIMING,
    graceMs: GRACE_MS
  })
  let staleMs = Number.NEGATIVE_INFINITY
  const recordingSource: StateSource = {
    ...source,
    current: () => {
      const state = source.current()
      if (state.unreadable.size > 0) staleMs = performance.now()
      return state
    }
  }
  const evaluator = await evaluatorOf(recordingSource, configuration.current, NAMESPACE)
  const running = await serve({
    config,
    configuration,
    evaluator,
    keyPair: controller.keyPair(),
    ownNamespace: NAMESPACE,
    controllerStatus: controller.status,
    logger
  })
  const { health, version, audit } = evaluator
  controller.startReconciling(running.reload, { health, version, audit, reports: config.audit.reports })
  cluster.webhooks.push(running.webhook)
  return {
    controller,
    running,
    source,
    wasStale: sinceMs => staleMs >= sinceMs,
    stop: () => running.stop(0, controller.beforeShutdown)
  }
}
