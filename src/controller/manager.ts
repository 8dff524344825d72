import { randomBytes, X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { AuditStatus, ControllerStatus } from '../report/controller-status.ts'
import type { WritingTransport } from '../sources/cluster/transport.ts'
import { isSynced } from '../sources/source.ts'
import type { Settings } from '../state/settings.ts'
import { type ApiClient, createApiClient } from './api.ts'
import { type AuditOptions, type Auditor, countFindings, createAuditor } from './auditor.ts'
import { type KeyPair, readValidity } from './certificate.ts'
import type { CertificateSource, ServingCertificate } from './certificate-source.ts'
import { CLOCK, type Clock } from './clock.ts'
import { failOpenIfLastReplica } from './fail-open-on-shutdown.ts'
import { createFailurePolicyController } from './failure-policy.ts'
import { LEASE_REQUEST_MS, runWhileLeader } from './leader-election.ts'
import { logOnChange } from './log-on-change.ts'
import { mountedCertificateSource } from './mounted-certificate.ts'
import { PATHS } from './names.ts'
import { secretCertificateSource } from './secret-certificate.ts'
import { type GracePeriod, syncGracePeriod } from './sync-grace-period.ts'
import { createWebhookConfigurations } from './webhook-configuration.ts'
import type { FailurePolicy } from './webhook-definitions.ts'

export interface ControllerOptions {
  readonly transport: WritingTransport
  readonly namespace: string
  readonly settings: Settings
  readonly service: { readonly name: string; readonly port: number }
  /** Directory of a mounted certificate; undefined for a self-signed one in the Secret. */
  readonly folder: string | undefined
  readonly log: Logger
  readonly clock?: Clock
}

/** Manages serving certificate, webhook configurations, audit reports and the leader election Lease. */
export interface Controller {
  readonly keyPair: () => KeyPair
  readonly status: () => ControllerStatus
  /** Starts leader election and reconciling; requires the webhook server to be listening. */
  readonly startReconciling: (reload: (keyPair: KeyPair) => void, audit: AuditOptions) => void
  /** Stops reconciling, releases the Lease, and fails open if this is the last replica. The server still serves then. */
  readonly beforeShutdown: () => Promise<void>
}

const REQUEST_MS = 10_000
const CERTIFICATE_POLL_MS = 10_000
const RETRY_MS = 2_000

/** Resolves as soon as a serving certificate is available; retries until then. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { transport, namespace, service, folder, log, clock = CLOCK } = options
  const api = createApiClient(transport, REQUEST_MS)
  const names = [`${service.name}.${namespace}.svc`]
  const source =
    folder === undefined
      ? secretCertificateSource({ api, namespace, names, clock })
      : mountedCertificateSource(folder, clock)
  const attempt = logOnChange(log, 'obtaining the serving certificate failed')
  for (;;) {
    const served = await attempt(() => source.refresh({ isLeader: false, publishedBundle: undefined }))
    if (served !== undefined) return createController({ ...options, clock }, api, source, served)
    await clock.sleep(RETRY_MS)
  }
}

/** Current state of this replica. */
interface State {
  served: ServingCertificate
  isLeader: boolean
}

function createController(
  options: ControllerOptions & { readonly clock: Clock },
  api: ApiClient,
  source: CertificateSource,
  served: ServingCertificate
): Controller {
  const { transport, namespace, service, settings, log, clock } = options
  const state: State = { served, isLeader: false }
  const desired = () => ({ namespace, service, settings, caBundle: state.served.caBundle })
  let gracePeriod: GracePeriod | undefined
  const inGracePeriod = () => gracePeriod?.isActive() === true
  const configurations = createWebhookConfigurations(api, log, clock)
  const policyOptions = { api, configurations, desired, inGracePeriod, log, clock }
  const policyController = createFailurePolicyController(policyOptions)
  const shutdown = new AbortController()
  const { signal } = shutdown
  const lease = { path: PATHS.lease(namespace), identity: `${hostname()}_${randomBytes(4).toString('hex')}` }
  const election = { api: createApiClient(transport, LEASE_REQUEST_MS), ...lease, log, signal, clock }
  let running: readonly Promise<void>[] = []
  let auditor: Auditor | undefined
  return {
    keyPair: () => state.served.keyPair,
    status: () =>
      toStatus(notAfterMs(state.served), state.isLeader, policyController.failurePolicy(), auditor?.status()),
    startReconciling: (reload, audit) => {
      auditor = createAuditor({ ...audit, api, ownNamespace: namespace, log, clock })
      gracePeriod = syncGracePeriod(() => audit.health().every(isSynced), clock)
      const { publishedBundle } = policyController
      const refresh = () => source.refresh({ isLeader: state.isLeader, publishedBundle: publishedBundle() })
      const leading = runWhileLeader(election, async signal => {
        state.isLeader = true
        await Promise.all([policyController.run(signal), auditor?.run(signal)])
        state.isLeader = false
      })
      running = [leading, trackCertificate(state, refresh, reload, { log, clock, signal }), gracePeriod.run(signal)]
    },
    beforeShutdown: async () => {
      shutdown.abort()
      // Writes of the leader that are in progress must not overwrite failurePolicy afterwards.
      await Promise.all(running)
      await failOpenIfLastReplica(policyOptions)
    }
  }
}

/** Reloads the serving certificate whenever its source has another one. */
async function trackCertificate(
  state: State,
  refresh: () => Promise<ServingCertificate>,
  reload: (keyPair: KeyPair) => void,
  { log, clock, signal }: { readonly log: Logger; readonly clock: Clock; readonly signal: AbortSignal }
): Promise<void> {
  const attempt = logOnChange(log, 'renewing the serving certificate failed')
  while (!signal.aborted) {
    await attempt(async () => {
      const next = await refresh()
      if (next.keyPair.cert !== state.served.keyPair.cert) {
        reload(next.keyPair)
        log.info({ notAfter: new Date(notAfterMs(next)) }, 'serving certificate changed')
      }
      state.served = next
    })
    await clock.sleep(CERTIFICATE_POLL_MS, signal)
  }
}

const notAfterMs = ({ keyPair }: ServingCertificate) => readValidity(new X509Certificate(keyPair.cert)).notAfterMs

function toStatus(
  certificateExpiryMs: number,
  leader: boolean,
  failurePolicy: FailurePolicy | undefined,
  audit: AuditStatus | undefined
): ControllerStatus {
  const policy = failurePolicy === undefined ? 'not active' : `failurePolicy ${failurePolicy}`
  const lines = [
    `certificate: until ${new Date(certificateExpiryMs).toISOString()}`,
    `webhook configurations: ${leader ? policy : 'managed by another replica'}`
  ]
  if (audit?.lastSuccessMs !== undefined) {
    lines.push(`audit: ${countFindings(audit.findings)} findings at ${new Date(audit.lastSuccessMs).toISOString()}`)
  }
  return { certificateExpiryMs, leader, failurePolicy, audit, lines }
}
