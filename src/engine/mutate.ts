import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { InferenceService } from '../model/inference-service.ts'
import { isPassedOn } from '../model/passed-on.ts'
import { pathsOf } from '../model/path.ts'
import type { Change, Snapshot, View } from '../model/snapshot.ts'
import type { Cut } from '../model/verdict.ts'
import { cutHopOf } from '../model/way.ts'
import { MUTATIONS } from '../mutations/index.ts'
import type { Intent } from '../mutations/mutation.ts'
import { type Rules, ruleFor } from '../rules/lib/rule.ts'
import { track } from './dependency-tracking.ts'
import { isExempt } from './exempt.ts'
import { newlyCut } from './newly-cut.ts'

/** An RFC 6902 operation; we only ever add. */
export interface Operation {
  readonly op: 'add'
  readonly path: string
  readonly value: string | Readonly<Record<string, string>>
}

export interface Mutated {
  readonly patch: readonly Operation[]
  /** The change with the patch applied. */
  readonly change: Change
  /** Why something that policy requires was left out, and what would have to change first. */
  readonly notes: readonly string[]
}

/** The objects of a change as they were sent; the model keeps but a part of them. */
export interface Sent {
  readonly object: unknown
  readonly oldObject: unknown
}

/**
 * What the mutating webhook answers: values that policy requires and that nobody has set, on CREATE, and on UPDATE
 * only when the pods change anyway. Never values with which the model shows a path to be cut that is open without.
 */
export function mutate(state: Snapshot, change: Change, sent: Sent, rules: Rules): Mutated {
  const nothing: Mutated = { patch: [], change, notes: [] }
  if (change.operation === 'DELETE' || change.after.kind !== 'InferenceService' || isExempt(change)) return nothing
  const asSent = state.apply(change)
  if (change.operation === 'UPDATE' && !podsChange(asSent, sent)) return nothing
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

/** Of what policy requires and nobody has set, as much as cuts nothing. */
function choose(view: View, service: InferenceService, rules: Rules, asSent: Snapshot): Choice {
  const wanted = MUTATIONS.flatMap(mutation => mutation(view, service)).filter(
    ({ map, key }) => service[map][key] === undefined
  )
  const without = pathsOf(view, service, 'next')
  const findCut = (intents: readonly Intent[]): Cut | undefined => {
    const after = withIntents(service, intents)
    const paths = newlyCut(
      without,
      pathsOf(asSent.apply({ operation: 'UPDATE', before: service, after }), after, 'next')
    )
    return paths
      .filter(({ needed }) => needed)
      .map(cutHopOf)
      .find(hop => hop !== undefined)?.cut
  }
  const cut = findCut(wanted)
  if (cut === undefined) return { intents: wanted, notes: [] }
  const needed = wanted.filter(({ optional }) => !optional)
  const intents = findCut(needed) === undefined ? needed : []
  const left = wanted.filter(intent => !intents.includes(intent))
  return { intents, notes: explain(cut, left, view, rules) }
}

const metadata = z.looseObject({ labels: z.unknown().optional(), annotations: z.unknown().optional() })
const manifest = z.looseObject({ metadata, spec: z.unknown().optional() })

/**
 * Would this update make new pods? Any other spec does, and any label or annotation that KServe passes on: each makes
 * a revision, and loads the model again.
 */
function podsChange(view: View<'ConfigMap'>, { object, oldObject }: Sent): boolean {
  const [now, before] = [object, oldObject].map(one => manifest.parse(one))
  const passedOn = (annotations: unknown) =>
    Object.entries(annotations ?? {})
      .filter(([key]) => isPassedOn(view, key))
      .sort()
  return (
    !isDeepStrictEqual(now?.spec, before?.spec) ||
    !isDeepStrictEqual(now?.metadata.labels ?? {}, before?.metadata.labels ?? {}) ||
    !isDeepStrictEqual(passedOn(now?.metadata.annotations), passedOn(before?.metadata.annotations))
  )
}

function withIntents(service: InferenceService, intents: readonly Intent[]): InferenceService {
  const added = (map: Intent['map']) =>
    Object.fromEntries(intents.filter(intent => intent.map === map).map(({ key, value }) => [key, value]))
  return {
    ...service,
    labels: { ...service.labels, ...added('labels') },
    annotations: { ...service.annotations, ...added('annotations') }
  }
}

/** A patch whose parents exist: one that does not apply fails the request, whatever the failure policy. */
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

function explain(cut: Cut, left: readonly Intent[], view: View, rules: Rules): readonly string[] {
  const { message, fix } = ruleFor(rules, cut).explain(cut, view)
  const keys = [...new Set(left.map(({ key }) => key))].join(', ')
  return [`Not injected, for it would cut: ${keys}`, message, fix.text]
}
