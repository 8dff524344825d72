import type { Rules } from '../rules/lib/rule.ts'
import type { Ref, Resource } from '../state/resource.ts'
import type { Change, Snapshot } from '../state/snapshot.ts'
import { applyChange } from './apply-change.ts'
import { type Decision, decide, type EvaluationCache } from './decide.ts'
import type { ManifestReader } from './fix-proof.ts'
import { type Mutated, mutate } from './mutate.ts'
import { withProvenFixes } from './proven-fixes.ts'
import type { Policy } from './to-findings.ts'

/** Object to create, update or delete. */
export interface Applied {
  readonly resource: Resource
  readonly object: unknown
  /** As it was read or applied last; absent if it does not exist. */
  readonly oldObject: unknown
}

export interface StepResult extends Pick<Mutated, 'patch' | 'notes'> {
  /** The change with the patch applied. */
  readonly change: Change
  readonly decision: Decision
  /** The previous state if the change is denied. */
  readonly next: Snapshot
  /** The object in that state, without the patch; absent if it is deleted. */
  readonly object: unknown
}

/** Input that is equal for all steps. */
export interface StepContext {
  readonly rules: Rules
  readonly policy: Policy
  /** True if the objects are deleted instead of applied. */
  readonly deleting: boolean
  readonly cache: EvaluationCache
  readonly read: ManifestReader
}

/** Mutates and decides one object as `kubectl apply` or `kubectl delete` sends it. Absent: nothing to delete. */
export function admit(
  state: Snapshot,
  { resource, object, oldObject }: Applied,
  { rules, policy, read, deleting, cache }: StepContext
): StepResult | undefined {
  const planned = toChange(state, resource, deleting)
  if (planned === undefined) return undefined
  const sent = { object: applied(oldObject, object), oldObject }
  const { patch, notes, ...mutated } = mutate(state, { ...planned, sent }, sent, rules)
  const decided = decide(state, mutated.change, rules, policy, cache)
  const decision = withProvenFixes(state, mutated.change, decided, { rules, policy, read, cache })
  const result = { change: mutated.change, decision, patch, notes }
  if (decision.decision === 'deny') return { ...result, next: state, object: oldObject }
  return { ...result, next: applyChange(state, mutated.change), object: deleting ? undefined : sent.object }
}

/** Identity of an object, independent of its API version: kinds of several groups have one name, such as Service. */
export const keyOf = ({ apiVersion, kind, namespace, name }: Ref) =>
  `${apiVersion.includes('/') ? apiVersion.split('/', 1) : ''} ${kind} ${namespace}/${name}`

/** The object after `kubectl apply`, which keeps the fields that the manifest does not set. */
function applied(oldObject: unknown, manifest: unknown): unknown {
  if (!isMap(oldObject) || !isMap(manifest)) return manifest
  return {
    ...oldObject,
    ...Object.fromEntries(Object.entries(manifest).map(([key, value]) => [key, applied(oldObject[key], value)]))
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Absent if the object to delete does not exist. */
function toChange(state: Snapshot, resource: Resource, deleting: boolean): Change | undefined {
  const before: Resource | undefined = state.get(resource.kind, resource.namespace, resource.name)
  if (deleting) return before === undefined ? undefined : { operation: 'DELETE', before }
  if (before === undefined) return { operation: 'CREATE', after: resource }
  // A manifest has no creationTimestamp and usually no status; both are kept from the state.
  const status = 'status' in before ? { status: before.status } : {}
  return { operation: 'UPDATE', before, after: { ...status, ...resource, created: before.created } as Resource }
}
