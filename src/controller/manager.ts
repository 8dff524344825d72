import { randomBytes, X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { WritingTransport } from '../sources/cluster/transport.ts'
import { isSettled } from '../sources/source.ts'
import type { Settings } from '../state/snapshot.ts'
import { type Api, apiOf } from './api.ts'
import { type AuditOptions, type Auditor, type AuditStatus, auditorOf, countOf } from './auditor.ts'
import { type KeyPair, lifeIn } from './certificate.ts'
import type { Certificates, Served } from './certificate-source.ts'
import { CLOCK, type Clock } from './clock.ts'
import { farewell } from './fail-open-on-shutdown.ts'
import { registrarOf } from './failure-policy.ts'
import { LEASE_REQUEST_MS, lead } from './leader-election.ts'
import { reporting } from './log-on-change.ts'
import { mountedCertificates } from './mounted-certificate.ts'
import { PATHS } from './names.ts'
import { secretCertificates } from './secret-certificate.ts'
import { type Excuse, excuseOf } from './sync-grace-period.ts'
import { registrationOf } from './webhook-configuration.ts'
import type { FailurePolicy } from './webhook-definitions.ts'

export interface KeeperOptions {
  readonly transport: WritingTransport
  readonly namespace: string
  readonly settings: Settings
  readonly service: { readonly name: string; readonly port: number }
  /** Folder of a certificate that somebody else keeps; without it, one of our own is kept in the Secret. */
  readonly folder: string | undefined
  readonly log: Logger
  readonly clock?: Clock
}

/** What is kept, for health and metrics. */
export interface KeeperStatus {
  readonly certificateUntilMs: number
  readonly leader: boolean
  readonly failurePolicy: FailurePolicy | undefined
  readonly audit: AuditStatus | undefined
  readonly lines: readonly string[]
}

/** Keeps what the webhook needs in the cluster: certificate, registration, and the Lease that says which replica does. */
export interface Keeper {
  readonly keyPair: () => KeyPair
  readonly status: () => KeeperStatus
  /** Begins, once somebody listens. */
  readonly start: (reload: (keyPair: KeyPair) => void, audit: AuditOptions) => void
  /** To be called first when stopping, while we still answer. Lets another replica lead; see farewell.ts. */
  readonly leave: () => Promise<void>
}

const REQUEST_MS = 10_000
const FOLLOW_MS = 10_000
const RETRY_MS = 2_000

/** Waits until there is a certificate to serve: without one there is nothing to begin with. */
export async function openKeeper(options: KeeperOptions): Promise<Keeper> {
  const { transport, namespace, service, folder, log, clock = CLOCK } = options
  const api = apiOf(transport, REQUEST_MS)
  const names = [`${service.name}.${namespace}.svc`]
  const certificates =
    folder === undefined ? secretCertificates({ api, namespace, names, clock }) : mountedCertificates(folder, clock)
  const attempt = reporting(log, 'obtaining the serving certificate failed')
  for (;;) {
    const served = await attempt(() => certificates.refresh({ leading: false, settled: undefined }))
    if (served !== undefined) return keeperOf({ ...options, clock }, api, certificates, served)
    await clock.sleep(RETRY_MS)
  }
}

/** What this replica serves and does now. */
interface State {
  served: Served
  leading: boolean
}

function keeperOf(
  options: KeeperOptions & { readonly clock: Clock },
  api: Api,
  certificates: Certificates,
  served: Served
): Keeper {
  const { transport, namespace, service, settings, log, clock } = options
  const state: State = { served, leading: false }
  const wanted = () => ({ namespace, service, settings, bundle: state.served.bundle })
  let excuse: Excuse | undefined
  const isExcused = () => excuse?.holds() === true
  const registering = { api, registration: registrationOf(api, log, clock), wanted, isExcused, log, clock }
  const registrar = registrarOf(registering)
  const identity = `${hostname()}_${randomBytes(4).toString('hex')}`
  const stop = new AbortController()
  const { signal } = stop
  const lease = { api: apiOf(transport, LEASE_REQUEST_MS), path: PATHS.lease(namespace), identity, log, signal, clock }
  let running: readonly Promise<void>[] = []
  let auditor: Auditor | undefined
  return {
    keyPair: () => state.served.keyPair,
    status: () => toStatus(untilMs(state.served), state.leading, registrar.failurePolicy(), auditor?.status()),
    start: (reload, audit) => {
      auditor = auditorOf({ ...audit, api, home: namespace, log, clock })
      excuse = excuseOf(() => audit.health().every(isSettled), clock)
      const refresh = () => certificates.refresh({ leading: state.leading, settled: registrar.settled() })
      const leading = lead(lease, async term => {
        state.leading = true
        await Promise.all([registrar.keep(term), auditor?.keep(term)])
        state.leading = false
      })
      running = [leading, follow(state, refresh, reload, { log, clock, signal }), excuse.keep(signal)]
    },
    leave: async () => {
      stop.abort()
      // What the leader has begun to write comes before the farewell.
      await Promise.all(running)
      await farewell(registering)
    }
  }
}

/** Serves what is to be served, whoever has changed it. */
async function follow(
  state: State,
  refresh: () => Promise<Served>,
  reload: (keyPair: KeyPair) => void,
  { log, clock, signal }: { readonly log: Logger; readonly clock: Clock; readonly signal: AbortSignal }
): Promise<void> {
  const attempt = reporting(log, 'renewing the serving certificate failed')
  while (!signal.aborted) {
    await attempt(async () => {
      const next = await refresh()
      if (next.keyPair.cert !== state.served.keyPair.cert) {
        reload(next.keyPair)
        log.info({ until: new Date(untilMs(next)) }, 'serving certificate changed')
      }
      state.served = next
    })
    await clock.sleep(FOLLOW_MS, signal)
  }
}

const untilMs = ({ keyPair }: Served) => lifeIn(new X509Certificate(keyPair.cert)).untilMs

function toStatus(
  certificateUntilMs: number,
  leader: boolean,
  failurePolicy: FailurePolicy | undefined,
  audit: AuditStatus | undefined
): KeeperStatus {
  const kept = failurePolicy === undefined ? 'not in force' : `failurePolicy ${failurePolicy}`
  const lines = [
    `certificate: until ${new Date(certificateUntilMs).toISOString()}`,
    `registration: ${leader ? kept : 'kept by another replica'}`
  ]
  if (audit?.lastSuccessMs !== undefined) {
    lines.push(`audit: ${countOf(audit.findings)} findings at ${new Date(audit.lastSuccessMs).toISOString()}`)
  }
  return { certificateUntilMs, leader, failurePolicy, audit, lines }
}
