import { type Api, Refused } from './api.ts'
import { PATHS, SELF_TEST_LABEL, WEBHOOK } from './names.ts'
import type { FailurePolicy } from './webhook-definitions.ts'

const OBJECT = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { generateName: 'mesh-guard-self-test-', labels: { [SELF_TEST_LABEL]: 'true' } }
}
const REFUSAL = `admission webhook "${WEBHOOK.selfTest}" denied the request`

/**
 * Asks the API server whether an object could be created that we always refuse. True when the refusal is ours: then the
 * API server finds us, trusts our certificate and obeys.
 *
 * @throws when the API server has no answer, which says nothing of us
 */
export async function passesSelfTest(api: Api, namespace: string): Promise<boolean> {
  try {
    await api.tryCreate(PATHS.configMaps(namespace), OBJECT)
    return false
  } catch (error) {
    if (!(error instanceof Refused) || error.status >= 500 || error.status === 429) throw error
    return error.message.includes(REFUSAL)
  }
}

/** What the self-tests so far let us ask of the API server. */
export interface Trust {
  readonly failurePolicy: FailurePolicy
  /** Of late, one after the other. */
  readonly failures: number
}

const MAX_FAILURES = 3

/** One proof is enough to fail closed. One failure may be chance, and opens nothing; nor do any that are excused. */
export function afterSelfTest({ failurePolicy, failures }: Trust, passed: boolean, isExcused: boolean): Trust {
  if (passed) return { failurePolicy: 'Fail', failures: 0 }
  const counted = isExcused ? Math.min(failures + 1, MAX_FAILURES - 1) : failures + 1
  return { failurePolicy: counted < MAX_FAILURES ? failurePolicy : 'Ignore', failures: counted }
}

const CALM_MS = 10_000
const EAGER_MS = 2_000

/** The next one comes soon after a failure, for much hangs on it; unless that has been so for a while. */
export const pauseMs = (failures: number) => (failures > 0 && failures <= MAX_FAILURES ? EAGER_MS : CALM_MS)
