import { findKind, type Kind, type Ref, type Resource, toRef } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import type { Applied } from './admission-step.ts'
import type { Finding } from './finding.ts'
import type { ManifestReader } from './fix-proof.ts'

/** A change to make in any order; changes of one object keep their order. */
export interface WantedChange extends Omit<Applied, 'oldObject'> {
  /** For a restart, the object that the pods belong to. */
  readonly ref: Ref
  readonly deleting: boolean
  /** Pods to restart, in place of an object to apply. */
  readonly restarts?: readonly Ref[]
  /** Running pods that can be replaced at any time: the change is also decided as if they were. */
  readonly replacing?: readonly Ref[]
  /** Changes that must be made before. */
  readonly after?: readonly WantedChange[]
}

/** Changes that a proven fix consists of: its objects can be read, and those that it removes exist. */
export function changesOfFix(
  state: Snapshot,
  { fix: { apply = [], remove = [] } }: Finding,
  read: ManifestReader
): readonly WantedChange[] {
  const applied = apply.map(object => {
    const resource = read(object) as Resource
    return { ref: { ...toRef(resource), kind: object.kind }, resource, object, deleting: false }
  })
  const removed = remove.map(ref => {
    const resource = state.get(findKind(ref.apiVersion, ref.kind) as Kind, ref.namespace, ref.name)
    return { ref, resource: resource as Resource, object: undefined, deleting: true }
  })
  return [...applied, ...removed]
}
