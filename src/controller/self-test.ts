import { type ApiClient, ApiStatusError } from './api.ts'
import { PATHS, SELF_TEST_LABEL, WEBHOOK } from './names.ts'
import type { FailurePolicy } from './webhook-definitions.ts'

const OBJECT = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { generateName: 'mesh-guard-self-test-', labels: { [SELF_TEST_LABEL]: 'true' } }
}
const REFUSAL = `admission webhook "${WEBHOOK.selfTest}" denied the request`

/**
 * Dry-run creates a ConfigMap that the webhook always denies. True if the webhook denied it: then the API server reaches
 * the webhook and trusts its certificate.
 *
 * @throws if the API server fails, which proves nothing about the webhook
 */
export async function runSelfTest(api: ApiClient, namespace: string): Promise<boolean> {
  try {
    await api.dryRunCreate(PATHS.configMaps(namespace), OBJECT)
    return false
  } catch (error) {
    if (!(error instanceof ApiStatusError) || error.status >= 500 || error.status === 429) throw error
    return error.message.includes(REFUSAL)
  }
}

/** Result of the self-tests so far. */
export interface SelfTestState {
  readonly failurePolicy: FailurePolicy
  /** Consecutive failures. */
  readonly failures: number
}

const MAX_FAILURES = 3

/** One success fails closed; `MAX_FAILURES` consecutive failures fail open, except during the grace period. */
export function afterSelfTest(
  { failurePolicy, failures }: SelfTestState,
  passed: boolean,
  inGracePeriod: boolean
): SelfTestState {
  if (passed) return { failurePolicy: 'Fail', failures: 0 }
  const counted = inGracePeriod ? Math.min(failures + 1, MAX_FAILURES - 1) : failures + 1
  return { failurePolicy: counted < MAX_FAILURES ? failurePolicy : 'Ignore', failures: counted }
}

const INTERVAL_MS = 10_000
const RETRY_INTERVAL_MS = 2_000

/** Shorter after a failure, until failing open. */
export const intervalMs = (failures: number) =>
  failures > 0 && failures <= MAX_FAILURES ? RETRY_INTERVAL_MS : INTERVAL_MS
