import type { RegistrarOptions } from './failure-policy.ts'
import { passesSelfTest } from './self-test.ts'

const TESTS = 6
const PAUSE_MS = 500
/** So long an API server may take to hear that it no longer has to wait for us. */
const HEARD_MS = 1_000

/**
 * What each replica does first when it stops, leader or not, while it refuses no self-test of its own any more and ends
 * each connection with its answer: where a self-test is still refused, another replica stands behind the Service, and
 * nothing changes. So a rolling update, or one of two replicas that goes, opens nothing. Where none is refused, we are
 * the last as far as can be known, and changes to the mesh shall not wait for nobody. Until that is done we stay ready: a
 * Service that has nobody else still leads to a pod that ends, as long as it is ready. Should another replica be there all
 * the same, it is the leader by then, and closes again after its next self-test. A last replica that dies without goodbye
 * leaves the cluster closed: nobody is left to open it.
 */
export async function farewell({
  api,
  registration,
  wanted,
  log,
  clock
}: Omit<RegistrarOptions, 'isExcused'>): Promise<void> {
  try {
    if ((await registration.failurePolicy()) === 'Ignore') return
    for (let test = 0; test < TESTS; test++) {
      if (await passesSelfTest(api, wanted().namespace)) return
      await clock.sleep(PAUSE_MS)
    }
    await registration.reconcile({ ...wanted(), failurePolicy: 'Ignore' })
    log.warn('last replica stopping, switching failurePolicy to Ignore')
    await clock.sleep(HEARD_MS)
  } catch (error) {
    log.error(
      { err: error },
      'switching failurePolicy to Ignore on shutdown failed, mesh changes can be denied until a replica is ready'
    )
  }
}
