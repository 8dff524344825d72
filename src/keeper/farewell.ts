import { setTimeout as sleep } from 'node:timers/promises'
import type { RegistrarOptions } from './registrar.ts'
import { passesSelfTest } from './self-test.ts'

const TESTS = 3
/** Between self-tests; and so long an API server may take to hear that it no longer has to wait for us. */
const PAUSE_MS = 1_000

/**
 * What each replica does before it closes, leader or not, while it refuses no self-test of its own any more: where one is
 * still refused, another replica stands behind the Service, and nothing changes. So a rolling update, or one of two
 * replicas that goes, opens nothing. Where none is refused, we are the last as far as can be known, and changes to the
 * mesh shall not wait for nobody. Should another replica be there all the same, it is the leader by now, and closes again
 * after its next self-test. A last replica that dies without goodbye leaves the cluster closed: nobody is left to open it.
 */
export async function farewell({ api, registration, wanted, log }: RegistrarOptions): Promise<void> {
  try {
    if ((await registration.failurePolicy()) === 'Ignore') return
    for (let test = 0; test < TESTS; test++) {
      if (await passesSelfTest(api, wanted().namespace)) return
      await sleep(PAUSE_MS)
    }
    await registration.reconcile({ ...wanted(), failurePolicy: 'Ignore' })
    log.warn('the last replica stops: changes to the mesh no longer wait for an answer')
    await sleep(PAUSE_MS)
  } catch (error) {
    log.error({ err: error }, 'the webhook may be left closed')
  }
}
