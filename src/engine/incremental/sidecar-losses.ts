import { findSidecarLoss, type SidecarLoss } from '../../request/sidecar-loss.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import { isAffected, type KeySets } from './changed-keys.ts'
import { type DependencyKey, ofKind } from './dependency-key.ts'
import { type Tracked, track } from './dependency-tracking.ts'

export interface SidecarLosses {
  /** Each namespace with pods. */
  readonly byNamespace: ReadonlyMap<string, Tracked<SidecarLoss | undefined>>
  /** Of all namespaces, and of the list of namespaces. */
  readonly dependencies: ReadonlySet<DependencyKey>
}

/** Namespaces whose callers lose their sidecars. Results with unchanged dependencies are reused. */
export function sidecarLosses(
  snapshot: Snapshot,
  previous: SidecarLosses | undefined,
  changedKeys: KeySets
): SidecarLosses {
  if (previous !== undefined && !isAffected(previous.dependencies, changedKeys)) return previous
  const byNamespace = new Map<string, Tracked<SidecarLoss | undefined>>()
  const dependencies = new Set([ofKind('Pod')])
  for (const namespace of snapshot.namespaces('Pod')) {
    const known = previous?.byNamespace.get(namespace)
    const isKept = known !== undefined && !isAffected(known.dependencies, changedKeys)
    const loss = isKept ? known : track(snapshot, view => findSidecarLoss(view, namespace))
    byNamespace.set(namespace, loss)
    for (const key of loss.dependencies) dependencies.add(key)
  }
  return { byNamespace, dependencies }
}
