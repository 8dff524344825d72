import { findSidecarLoss, type SidecarLoss } from '../../request/sidecar-loss.ts'
import type { Kind } from '../../state/resource.ts'
import type { Snapshot } from '../../state/snapshot.ts'
import { type DependencyKey, isAffected, ofKind, type Tracked, track } from './dependency-tracking.ts'

/** By namespace with pods. */
export type SidecarLosses = ReadonlyMap<string, Tracked<SidecarLoss | undefined>>

const KINDS_READ: readonly Kind[] = ['Pod', 'Namespace', 'MutatingWebhookConfiguration', 'ConfigMap']
const KEYS_READ = new Set(KINDS_READ.map(ofKind))

/** Namespaces whose callers lose their sidecars. Results with unchanged dependencies are reused. */
export function sidecarLosses(
  snapshot: Snapshot,
  previous: SidecarLosses | undefined,
  changedKeys: ReadonlySet<DependencyKey>
): SidecarLosses {
  if (previous !== undefined && !isAffected(KEYS_READ, changedKeys)) return previous
  const losses = new Map<string, Tracked<SidecarLoss | undefined>>()
  for (const namespace of snapshot.namespaces('Pod')) {
    const known = previous?.get(namespace)
    const isKept = known !== undefined && !isAffected(known.dependencies, changedKeys)
    losses.set(namespace, isKept ? known : track(snapshot, view => findSidecarLoss(view, namespace)))
  }
  return losses
}
