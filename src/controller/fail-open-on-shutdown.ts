import type { FailurePolicyOptions } from './failure-policy.ts'
import { runSelfTest } from './self-test.ts'

const MAX_SELF_TESTS = 6
const PAUSE_MS = 500
/** Time for API servers to observe the new failurePolicy. */
const WEBHOOK_CONFIG_PROPAGATION_MS = 1_000

/**
 * On shutdown: if no other replica denies the self-test, this is the last one; sets failurePolicy to Ignore. The replica
 * stays ready until then, because a Service routes to terminating pods only while they are ready. A crash skips this and
 * leaves failurePolicy Fail.
 */
export async function failOpenIfLastReplica({
  api,
  configurations,
  desired,
  log,
  clock
}: Omit<FailurePolicyOptions, 'inGracePeriod'>): Promise<void> {
  try {
    if ((await configurations.failurePolicy()) === 'Ignore') return
    for (let attempt = 0; attempt < MAX_SELF_TESTS; attempt++) {
      if (await runSelfTest(api, desired().namespace)) return
      await clock.sleep(PAUSE_MS)
    }
    await configurations.reconcile({ ...desired(), failurePolicy: 'Ignore' })
    log.warn('last replica stopping, switching failurePolicy to Ignore')
    await clock.sleep(WEBHOOK_CONFIG_PROPAGATION_MS)
  } catch (error) {
    log.error(
      { err: error },
      'switching failurePolicy to Ignore on shutdown failed, mesh changes can be denied until a replica is ready'
    )
  }
}
