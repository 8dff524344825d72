import type { Logger } from 'pino'
import type { ApiClient } from './api.ts'
import type { Clock } from './clock.ts'
import { logOnChange } from './log-on-change.ts'
import { afterSelfTest, intervalMs, runSelfTest, type SelfTestState } from './self-test.ts'
import type { WebhookConfigurations } from './webhook-configuration.ts'
import type { FailurePolicy, WebhookOptions } from './webhook-definitions.ts'

export interface FailurePolicyOptions {
  readonly api: ApiClient
  readonly configurations: WebhookConfigurations
  /** Desired webhook options, with the current CA bundle. */
  readonly desired: () => Omit<WebhookOptions, 'failurePolicy'>
  /** True while failed self-tests are ignored; see sync-grace-period.ts. */
  readonly inGracePeriod: () => boolean
  readonly log: Logger
  readonly clock: Clock
}

/** Reconciles the webhook configurations on the leader, and sets `failurePolicy` by self-test. */
export interface FailurePolicyController {
  /** Undefined on other replicas, and while another field manager overwrites the configurations. */
  readonly failurePolicy: () => FailurePolicy | undefined
  /** CA bundle that has been in both configurations long enough to be used by every API server. */
  readonly publishedBundle: () => string | undefined
  /** Reconciles and self-tests until `signal` is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Generous: API servers watch webhook configurations and see a change within a second. */
const PROPAGATION_MS = 60_000

export function createFailurePolicyController(options: FailurePolicyOptions): FailurePolicyController {
  const { api, configurations, desired, inGracePeriod, log, clock } = options
  let state: SelfTestState | undefined
  let published: { readonly caBundle: string; readonly sinceMs: number } | undefined

  const reconcile = async (failurePolicy: FailurePolicy) => {
    const target = { ...desired(), failurePolicy }
    const outcome = await configurations.reconcile(target)
    const isNew = outcome === 'updated' || published?.caBundle !== target.caBundle
    if (outcome === 'backing-off') published = undefined
    else if (isNew) published = { caBundle: target.caBundle, sinceMs: clock.now() }
  }
  const step = async () => {
    // A new leader keeps the failurePolicy of its predecessor until its own self-test.
    const before = state ?? { failurePolicy: await configurations.failurePolicy(), failures: 0 }
    await reconcile(before.failurePolicy)
    const passed = await runSelfTest(api, desired().namespace)
    state = afterSelfTest(before, passed, inGracePeriod())
    if (state.failurePolicy === before.failurePolicy) return
    await reconcile(state.failurePolicy)
    if (state.failurePolicy === 'Fail') log.info('self-test passed, switching failurePolicy to Fail')
    else log.error('self-test failed 3 times, switching failurePolicy to Ignore')
  }
  return {
    failurePolicy: () => (published === undefined ? undefined : state?.failurePolicy),
    publishedBundle: () => {
      const isPropagated = published !== undefined && clock.now() >= published.sinceMs + PROPAGATION_MS
      return isPropagated && state?.failures === 0 ? published?.caBundle : undefined
    },
    run: async signal => {
      const attempt = logOnChange(log, 'reconciling the webhook configurations failed')
      while (!signal.aborted) {
        await attempt(step)
        await clock.sleep(intervalMs(state?.failures ?? 1), signal)
      }
      state = undefined
      published = undefined
    }
  }
}
