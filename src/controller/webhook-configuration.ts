import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type ApiClient, FIELD_MANAGER } from './api.ts'
import type { Clock } from './clock.ts'
import { NAME, PATHS, WEBHOOK } from './names.ts'
import { type OwnerReference, readOwnerReference } from './owner-reference.ts'
import { afterRepair, canRepair, entersBackoff, INITIAL } from './repair-backoff.ts'
import {
  type FailurePolicy,
  mutatingWebhooks,
  validatingWebhooks,
  type Webhook,
  type WebhookOptions
} from './webhook-definitions.ts'

const MUTATING = { kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations' } as const
const VALIDATING = { kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations' } as const

/** Desired state of one webhook configuration. */
interface Target {
  readonly kind: string
  readonly plural: (typeof MUTATING | typeof VALIDATING)['plural']
  readonly owner: OwnerReference
  readonly webhooks: readonly Webhook[]
}

const configuration = z.object({
  metadata: z.object({
    resourceVersion: z.string(),
    ownerReferences: z.array(z.object({ uid: z.string() })).default([]),
    managedFields: z.array(z.object({ manager: z.string().optional() })).default([])
  }),
  webhooks: z.array(z.looseObject({ name: z.string(), failurePolicy: z.string().optional() })).default([])
})
type Configuration = z.output<typeof configuration>

/** `backing-off`: another field manager overwrites the configurations, and the next repair is delayed. */
export type Outcome = 'unchanged' | 'updated' | 'backing-off'

/** The mutating and the validating webhook configuration. */
export interface WebhookConfigurations {
  /** Current `failurePolicy` for mesh changes. */
  readonly failurePolicy: () => Promise<FailurePolicy>
  /**
   * Updates both configurations if they differ. Repairs back off exponentially while another field manager overwrites
   * them.
   *
   * @throws {ApiStatusError}
   */
  readonly reconcile: (desired: WebhookOptions) => Promise<Outcome>
}

export function createWebhookConfigurations(api: ApiClient, log: Logger, { now }: Clock): WebhookConfigurations {
  let updated: WebhookOptions | undefined
  let backoff = INITIAL

  /** Records a repair and logs it. @returns false while backing off */
  const countRepair = (found: readonly Configuration[]): boolean => {
    if (!canRepair(backoff, now())) return false
    backoff = afterRepair(backoff, now())
    const managers = [...new Set(found.flatMap(otherManagers))]
    if (backoff.repairs === 1)
      log.info({ managers }, 'webhook configurations overwritten by another field manager, repaired')
    if (entersBackoff(backoff))
      log.warn({ managers }, 'webhook configurations overwritten repeatedly by another field manager, backing off')
    return true
  }
  return {
    failurePolicy: async () => {
      const { webhooks } = await readConfiguration(api, VALIDATING)
      const mesh = webhooks.find(({ name }) => name === WEBHOOK.validate)
      return mesh?.failurePolicy === 'Fail' ? 'Fail' : 'Ignore'
    },
    reconcile: async desired => {
      const owner = await readOwnerReference(api, desired.namespace)
      const targets = [
        { ...MUTATING, owner, webhooks: mutatingWebhooks(desired) },
        { ...VALIDATING, owner, webhooks: validatingWebhooks(desired) }
      ]
      const pairs = await Promise.all(
        targets.map(async target => ({ target, found: await readConfiguration(api, target) }))
      )
      const wrong = pairs.filter(({ target, found }) => !isUpToDate(found, target))
      if (wrong.length === 0) return 'unchanged'
      if (isDeepStrictEqual(updated, desired) && !countRepair(wrong.map(({ found }) => found))) return 'backing-off'
      for (const { target } of wrong) await write(api, target)
      updated = desired
      return 'updated'
    }
  }
}

async function readConfiguration(api: ApiClient, { plural }: Pick<Target, 'plural'>): Promise<Configuration> {
  return configuration.parse(await api.get(PATHS.configuration(plural)))
}

async function write(api: ApiClient, target: Target): Promise<void> {
  const { kind, plural, owner, webhooks } = target
  const path = PATHS.configuration(plural)
  const object = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: NAME, ownerReferences: [owner] },
    webhooks
  }
  const applied = configuration.parse(await api.apply(path, object))
  if (isUpToDate(applied, target)) return
  // Apply keeps fields that another manager added to our webhooks; replacing the list removes them.
  await api.mergePatch(path, { metadata: { resourceVersion: applied.metadata.resourceVersion }, webhooks })
}

function isUpToDate(found: Configuration, { owner, webhooks }: Target): boolean {
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1)
  return (
    found.metadata.ownerReferences.some(({ uid }) => uid === owner.uid) &&
    isDeepStrictEqual(found.webhooks.toSorted(byName), webhooks.toSorted(byName))
  )
}

const otherManagers = ({ metadata }: Configuration) =>
  metadata.managedFields.flatMap(({ manager }) => (manager === undefined || manager === FIELD_MANAGER ? [] : [manager]))
