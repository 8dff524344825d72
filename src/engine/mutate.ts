import type { InferenceService } from '../kserve/inference-service.ts'
import { MUTATIONS } from '../mutations/index.ts'
import type { Intent } from '../mutations/mutation.ts'
import type { Failure } from '../request/failure.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import { failedHopOf } from '../request/request-path.ts'
import { type Rules, ruleFor } from '../rules/lib/rule.ts'
import type { Change, Sent, Snapshot, View } from '../state/snapshot.ts'
import { applyChange } from './apply-change.ts'
import { isExempt } from './exempt.ts'
import { track } from './incremental/dependency-tracking.ts'
import { createsPods, manifest } from './new-pods.ts'
import { newlyBlocked } from './newly-blocked.ts'

/** RFC 6902 operation; only `add` is used. */
export interface Operation {
  readonly op: 'add'
  readonly path: string
  readonly value: string | Readonly<Record<string, string>>
}

export interface Mutated {
  readonly patch: readonly Operation[]
  /** The change with the patch applied. */
  readonly change: Change
  /** Why a required value was not injected, and what must be changed first. */
  readonly notes: readonly string[]
}

/**
 * Patch of the mutating webhook: adds required values that are not set, on CREATE, and on UPDATE only if the pods change
 * anyway. Omits values that would block a path that is open without them.
 */
export function mutate(state: Snapshot, change: Change, sent: Sent, rules: Rules): Mutated {
  const nothing: Mutated = { patch: [], change, notes: [] }
  if (change.operation === 'DELETE' || change.after.kind !== 'InferenceService' || isExempt(change)) return nothing
  const asSent = applyChange(state, change)
  if (change.operation === 'UPDATE' && !createsPods(asSent, { ...change, sent })) return nothing
  const service = change.after
  const { value: chosen, skip } = track(asSent, view => choose(view, service, rules, asSent))
  if (skip !== undefined) return { ...nothing, notes: [`Nothing was injected: ${skip.reason}`] }
  const { intents, notes } = chosen
  const after = withIntents(service, intents)
  return { patch: toPatch(sent.object, intents), change: { ...change, after }, notes }
}

interface Choice {
  readonly intents: readonly Intent[]
  readonly notes: readonly string[]
}

/** Selects the required values that are not set and do not block a path. */
function choose(view: View, service: InferenceService, rules: Rules, asSent: Snapshot): Choice {
  const wanted = MUTATIONS.flatMap(mutation => mutation(view, service)).filter(
    ({ map, key }) => service[map][key] === undefined
  )
  if (wanted.length === 0) return { intents: [], notes: [] }
  const without = pathsOf(view, service, 'next')
  const unknown = without.flatMap(path => path.unknown ?? [])
  const [first] = unknown
  if (first !== undefined && unknown.length === without.length)
    return { intents: [], notes: [`Nothing was injected: ${first.reason}`] }
  const findFailure = (intents: readonly Intent[]): Failure | undefined => {
    const after = withIntents(service, intents)
    const paths = newlyBlocked(
      without,
      pathsOf(asSent.apply({ operation: 'UPDATE', before: service, after }), after, 'next')
    )
    return paths
      .filter(({ expected }) => expected)
      .map(failedHopOf)
      .find(hop => hop !== undefined)?.failure
  }
  const failure = findFailure(wanted)
  if (failure === undefined) return { intents: wanted, notes: [] }
  const expected = wanted.filter(({ optional }) => !optional)
  const intents = findFailure(expected) === undefined ? expected : []
  const left = wanted.filter(intent => !intents.includes(intent))
  return { intents, notes: explain(failure, left, view, rules) }
}

/** The InferenceService with these labels and annotations added. */
export function withIntents(service: InferenceService, intents: readonly Intent[]): InferenceService {
  const added = (map: Intent['map']) =>
    Object.fromEntries(intents.filter(intent => intent.map === map).map(({ key, value }) => [key, value]))
  return {
    ...service,
    labels: { ...service.labels, ...added('labels') },
    annotations: { ...service.annotations, ...added('annotations') }
  }
}

/** Creates missing parents: a patch that does not apply fails the request, regardless of failurePolicy. */
function toPatch(object: unknown, intents: readonly Intent[]): readonly Operation[] {
  const { metadata: present } = manifest.parse(object)
  return (['labels', 'annotations'] as const).flatMap((map): readonly Operation[] => {
    const own = intents.filter(intent => intent.map === map)
    if (own.length === 0) return []
    const path = `/metadata/${map}`
    if (present[map] === undefined || present[map] === null) {
      return [{ op: 'add', path, value: Object.fromEntries(own.map(({ key, value }) => [key, value])) }]
    }
    return own.map(({ key, value }) => ({ op: 'add', path: `${path}/${escapePointer(key)}`, value }))
  })
}

/** @see https://www.rfc-editor.org/rfc/rfc6901 */
const escapePointer = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')

function explain(failure: Failure, left: readonly Intent[], view: View, rules: Rules): readonly string[] {
  const { message, fix } = ruleFor(rules, failure).explain(failure, view)
  const keys = [...new Set(left.map(({ key }) => key))].join(', ')
  return [`Skipped injection of ${keys}: it would block traffic`, message, fix.text]
}
