import type { Logger } from 'pino'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { reporting } from './log-on-change.ts'
import { afterSelfTest, passesSelfTest, pauseMs, type Trust } from './self-test.ts'
import type { Registration } from './webhook-configuration.ts'
import type { FailurePolicy, Registered } from './webhook-definitions.ts'

export interface RegistrarOptions {
  readonly api: Api
  readonly registration: Registration
  /** What to register, with the bundle of this moment. */
  readonly wanted: () => Omit<Registered, 'failurePolicy'>
  /** Whether a self-test that fails now says nothing of us; see excuse.ts. */
  readonly isExcused: () => boolean
  readonly log: Logger
  readonly clock: Clock
}

/** What the leader does about the registration, and knows of it. */
export interface Registrar {
  /** Absent while nothing is known, or while somebody else has the last word. */
  readonly failurePolicy: () => FailurePolicy | undefined
  /** The bundle that both configurations have carried for so long that every API server knows it, and works with it. */
  readonly settled: () => string | undefined
  /** Registers, proves and repairs until told to stop. */
  readonly keep: (signal: AbortSignal) => Promise<void>
}

/** API servers hear of a change within a second; nobody is in a hurry here. */
const SETTLE_MS = 60_000

export function registrarOf(options: RegistrarOptions): Registrar {
  const { api, registration, wanted, isExcused, log, clock } = options
  let trust: Trust | undefined
  let published: { readonly bundle: string; readonly sinceMs: number } | undefined

  const register = async (failurePolicy: FailurePolicy) => {
    const target = { ...wanted(), failurePolicy }
    const outcome = await registration.reconcile(target)
    const isNew = outcome === 'written' || published?.bundle !== target.bundle
    if (outcome === 'given-up') published = undefined
    else if (isNew) published = { bundle: target.bundle, sinceMs: clock.now() }
  }
  const step = async () => {
    // What is registered stays as it is until a self-test says more: another leader had its proof.
    const before = trust ?? { failurePolicy: await registration.failurePolicy(), failures: 0 }
    await register(before.failurePolicy)
    const passed = await passesSelfTest(api, wanted().namespace)
    trust = afterSelfTest(before, passed, isExcused())
    if (trust.failurePolicy === before.failurePolicy) return
    await register(trust.failurePolicy)
    if (trust.failurePolicy === 'Fail') log.info('self-test passed, switching failurePolicy to Fail')
    else log.error('self-test failed 3 times, switching failurePolicy to Ignore')
  }
  return {
    failurePolicy: () => (published === undefined ? undefined : trust?.failurePolicy),
    settled: () => {
      const isSettled = published !== undefined && clock.now() >= published.sinceMs + SETTLE_MS
      return isSettled && trust?.failures === 0 ? published?.bundle : undefined
    },
    keep: async signal => {
      const attempt = reporting(log, 'reconciling the webhook configurations failed')
      while (!signal.aborted) {
        await attempt(step)
        await clock.sleep(pauseMs(trust?.failures ?? 1), signal)
      }
      trust = undefined
      published = undefined
    }
  }
}
