import { randomBytes, X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Settings } from '../model/snapshot.ts'
import type { WritingTransport } from '../sources/cluster/transport.ts'
import { type Api, apiOf } from './api.ts'
import { type KeyPair, lifeIn } from './certificate.ts'
import type { Certificates, Served } from './certificates.ts'
import { farewell } from './farewell.ts'
import { LEASE_REQUEST_MS, lead } from './lease.ts'
import { mountedCertificates } from './mounted.ts'
import { PATHS } from './names.ts'
import { registrarOf } from './registrar.ts'
import { registrationOf } from './registration.ts'
import { reporting } from './reporting.ts'
import { secretCertificates } from './secret.ts'
import type { FailurePolicy } from './webhooks.ts'

export interface KeeperOptions {
  readonly transport: WritingTransport
  readonly namespace: string
  readonly settings: Settings
  readonly service: { readonly name: string; readonly port: number }
  /** Folder of a certificate that somebody else keeps; without it, one of our own is kept in the Secret. */
  readonly folder: string | undefined
  readonly log: Logger
}

/** What is kept, for health and metrics. */
export interface KeeperStatus {
  readonly certificateUntilMs: number
  readonly leader: boolean
  readonly failurePolicy: FailurePolicy | undefined
  readonly lines: readonly string[]
}

/** Keeps what the webhook needs in the cluster: certificate, registration, and the Lease that says which replica does. */
export interface Keeper {
  readonly keyPair: () => KeyPair
  readonly status: () => KeeperStatus
  /** Begins, once somebody listens. */
  readonly start: (reload: (keyPair: KeyPair) => void) => void
  /** Leads no more, so that another replica can. */
  readonly resign: () => Promise<void>
  /** To be called first when stopping, while we still answer. */
  readonly farewell: () => Promise<void>
}

const REQUEST_MS = 10_000
const FOLLOW_MS = 10_000
const RETRY_MS = 2_000

/** Waits until there is a certificate to serve: without one there is nothing to begin with. */
export async function openKeeper(options: KeeperOptions): Promise<Keeper> {
  const { transport, namespace, service, folder, log } = options
  const api = apiOf(transport, REQUEST_MS)
  const names = [`${service.name}.${namespace}.svc`]
  const certificates =
    folder === undefined ? secretCertificates({ api, namespace, names }) : mountedCertificates(folder)
  const attempt = reporting(log, 'there is no certificate to serve')
  for (;;) {
    const served = await attempt(() => certificates.refresh({ leading: false, settled: undefined }))
    if (served !== undefined) return keeperOf(options, api, certificates, served)
    await sleep(RETRY_MS)
  }
}

function keeperOf(options: KeeperOptions, api: Api, certificates: Certificates, first: Served): Keeper {
  const { transport, namespace, service, settings, log } = options
  let served = first
  let leading = false
  const wanted = () => ({ namespace, service, settings, bundle: served.bundle })
  const registering = { api, registration: registrationOf(api, log), wanted, log }
  const registrar = registrarOf(registering)
  const stop = new AbortController()
  const { signal } = stop
  let running: readonly Promise<void>[] = []

  const follow = async (reload: (keyPair: KeyPair) => void) => {
    const attempt = reporting(log, 'the certificate cannot be renewed')
    while (!signal.aborted) {
      await attempt(async () => {
        const next = await certificates.refresh({ leading, settled: registrar.settled() })
        if (next.keyPair.cert !== served.keyPair.cert) {
          reload(next.keyPair)
          log.info({ until: new Date(untilMs(next)) }, 'another certificate is served')
        }
        served = next
      })
      await sleep(FOLLOW_MS, undefined, { signal }).catch(() => {})
    }
  }
  const keep = async (term: AbortSignal) => {
    leading = true
    await registrar.keep(term).finally(() => {
      leading = false
    })
  }
  return {
    keyPair: () => served.keyPair,
    status: () => toStatus(untilMs(served), leading, registrar.failurePolicy()),
    start: reload => {
      const identity = `${hostname()}_${randomBytes(4).toString('hex')}`
      const lease = { api: apiOf(transport, LEASE_REQUEST_MS), path: PATHS.lease(namespace), identity, log, signal }
      running = [follow(reload), lead(lease, keep)]
    },
    resign: async () => {
      stop.abort()
      await Promise.all(running)
    },
    farewell: () => farewell(registering)
  }
}

const untilMs = ({ keyPair }: Served) => lifeIn(new X509Certificate(keyPair.cert)).untilMs

function toStatus(certificateUntilMs: number, leader: boolean, failurePolicy: FailurePolicy | undefined): KeeperStatus {
  const lines = [`certificate: until ${new Date(certificateUntilMs).toISOString()}`]
  if (leader)
    lines.push(
      `registration: kept here, ${failurePolicy === undefined ? 'not in force' : `failurePolicy ${failurePolicy}`}`
    )
  else lines.push('registration: kept by another replica')
  return { certificateUntilMs, leader, failurePolicy, lines }
}
