import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { parseConfig } from '../src/config.ts'
import type { Clock } from '../src/controller/clock.ts'
import { type Controller, startController } from '../src/controller/manager.ts'
import { watchConfig } from '../src/server/config-reload.ts'
import { type RunningServer, serve } from '../src/server/serve.ts'
import { TIMING, type Timing } from '../src/sources/cluster/reflector.ts'
import { connect } from '../src/sources/cluster/transport.ts'
import { watchCluster } from '../src/sources/cluster/watch.ts'
import type { StateSource } from '../src/sources/source.ts'
import { NAMESPACE } from '../test/support/controller.ts'
import { evaluatorOf } from '../test/support/evaluator.ts'
import type { Cluster } from './soak-cluster.ts'

/** A replica of the guard, put together as `serve` does it, in quicker time. */
export interface Replica {
  readonly controller: Controller
  readonly running: RunningServer
  readonly source: StateSource
  /** Whether some decision since then, on the clock of `performance.now()`, had to do without a kind. */
  readonly wasUnknown: (sinceMs: number) => boolean
  readonly stop: () => Promise<void>
}

/** How much quicker time goes than in life. */
const SPEED = 10
/** The same for the controller: a Lease is lost when requests, which take as long as ever, take longer than its time. */
const KEEPER_SPEED = 4
const GRACE_MS = 10_000 / SPEED
/** What no watch tells of is found sooner still: in life it takes an hour. So is silence, but not so soon that a busy machine is taken for it. */
const QUICKER: Timing = {
  ...TIMING,
  minPauseMs: TIMING.minPauseMs / SPEED,
  maxPauseMs: TIMING.maxPauseMs / SPEED,
  listIdleMs: 15_000,
  idleMs: 15_000,
  relistMs: 10_000
}

const CONFIGURATION = '{ server: { port: 0, healthPort: 0 }, controller: { enabled: true }, log: { level: silent } }'

const clock: Clock = {
  now: () => performance.now() * KEEPER_SPEED,
  date: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms / KEEPER_SPEED, undefined, { signal }).catch(() => {})
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
    onFault: () => {},
    onHealth: () => {},
    timing: QUICKER,
    graceMs: GRACE_MS
  })
  let unknownMs = Number.NEGATIVE_INFINITY
  const witnessed: StateSource = {
    ...source,
    current: () => {
      const state = source.current()
      if (state.unreadable.size > 0) unknownMs = performance.now()
      return state
    }
  }
  const evaluator = await evaluatorOf(witnessed, configuration.current, NAMESPACE)
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
    wasUnknown: sinceMs => unknownMs >= sinceMs,
    stop: () => running.stop(0, controller.beforeShutdown)
  }
}
