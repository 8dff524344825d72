import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import { z } from 'zod'
import { type Api, FIELD_MANAGER } from './api.ts'
import type { Clock } from './clock.ts'
import { NAME, PATHS, WEBHOOK } from './names.ts'
import { type Owner, readOwner } from './owner-reference.ts'
import { afterRepair, CALM, isBecomingFight, mayRepair } from './repair-backoff.ts'
import {
  type FailurePolicy,
  mutatingWebhooks,
  type Registered,
  validatingWebhooks,
  type Webhook
} from './webhook-definitions.ts'

const MUTATING = { kind: 'MutatingWebhookConfiguration', plural: 'mutatingwebhookconfigurations' } as const
const VALIDATING = { kind: 'ValidatingWebhookConfiguration', plural: 'validatingwebhookconfigurations' } as const

/** One of the two, as it should be. */
interface Target {
  readonly kind: string
  readonly plural: (typeof MUTATING | typeof VALIDATING)['plural']
  readonly owner: Owner
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

/** `given-up`: somebody else keeps changing them, and for now we let them be. */
export type Outcome = 'kept' | 'written' | 'given-up'

/** The two webhook configurations, as one. */
export interface Registration {
  /** What becomes of changes to the mesh while nobody answers, as it is registered now. */
  readonly failurePolicy: () => Promise<FailurePolicy>
  /**
   * Makes both what they should be. Somebody who changes them back again and again wins in the end: then the next try is
   * put off, longer each time.
   *
   * @throws {Refused}
   */
  readonly reconcile: (wanted: Registered) => Promise<Outcome>
}

export function registrationOf(api: Api, log: Logger, { now }: Clock): Registration {
  let written: Registered | undefined
  let patience = CALM

  /** @returns false when it is not the time */
  const bearsRepair = (found: readonly Configuration[]): boolean => {
    if (!mayRepair(patience, now())) return false
    patience = afterRepair(patience, now())
    const by = [...new Set(found.flatMap(otherManagers))]
    if (patience.repairs === 1)
      log.info({ by }, 'webhook configurations overwritten by another field manager, repaired')
    if (isBecomingFight(patience))
      log.warn({ by }, 'webhook configurations overwritten repeatedly by another field manager, backing off')
    return true
  }
  return {
    failurePolicy: async () => {
      const { webhooks } = await readConfiguration(api, VALIDATING)
      const mesh = webhooks.find(({ name }) => name === WEBHOOK.validate)
      return mesh?.failurePolicy === 'Fail' ? 'Fail' : 'Ignore'
    },
    reconcile: async wanted => {
      const owner = await readOwner(api, wanted.namespace)
      const targets = [
        { ...MUTATING, owner, webhooks: mutatingWebhooks(wanted) },
        { ...VALIDATING, owner, webhooks: validatingWebhooks(wanted) }
      ]
      const pairs = await Promise.all(
        targets.map(async target => ({ target, found: await readConfiguration(api, target) }))
      )
      const wrong = pairs.filter(({ target, found }) => !isAsWanted(found, target))
      if (wrong.length === 0) return 'kept'
      if (isDeepStrictEqual(written, wanted) && !bearsRepair(wrong.map(({ found }) => found))) return 'given-up'
      for (const { target } of wrong) await write(api, target)
      written = wanted
      return 'written'
    }
  }
}

async function readConfiguration(api: Api, { plural }: Pick<Target, 'plural'>): Promise<Configuration> {
  return configuration.parse(await api.get(PATHS.configuration(plural)))
}

async function write(api: Api, target: Target): Promise<void> {
  const { kind, plural, owner, webhooks } = target
  const path = PATHS.configuration(plural)
  const object = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: NAME, ownerReferences: [owner] },
    webhooks
  }
  const applied = configuration.parse(await api.apply(path, object))
  if (isAsWanted(applied, target)) return
  // What others have added to our webhooks stays theirs when we apply. It goes when the list is replaced as a whole.
  await api.merge(path, { metadata: { resourceVersion: applied.metadata.resourceVersion }, webhooks })
}

function isAsWanted(found: Configuration, { owner, webhooks }: Target): boolean {
  const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1)
  return (
    found.metadata.ownerReferences.some(({ uid }) => uid === owner.uid) &&
    isDeepStrictEqual(found.webhooks.toSorted(byName), webhooks.toSorted(byName))
  )
}

const otherManagers = ({ metadata }: Configuration) =>
  metadata.managedFields.flatMap(({ manager }) => (manager === undefined || manager === FIELD_MANAGER ? [] : [manager]))
