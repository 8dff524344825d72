import type { Manifest } from '../rules/lib/rule.ts'
import { getOrAdd } from '../state/map.ts'
import { findKind, type Ref, type Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { keyOf } from './admission-step.ts'
import type { Finding } from './finding.ts'
import type { ManifestReader } from './fix-proof.ts'
import { mergeFix } from './merge-fix.ts'

/** Cluster state, with the objects as they were read, by `keyOf`. */
export interface FixState {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
}

/** A manifest with a change to apply. */
export interface Written {
  readonly ref: Ref
  /** Absent for kinds that are not evaluated. */
  readonly resource: Resource | undefined
  readonly object: unknown
}

/** A document of the corrected manifests, or an object to delete, whose manifest is removed. */
export interface FixedDocument<W extends Written> extends Written {
  /** The manifest that it corrects; absent if it is new. */
  readonly written: W | undefined
  readonly deleting: boolean
  /** Denials that the correction removes. */
  readonly reasons: readonly Finding[]
}

/** Documents with the fixes of a change that is denied. */
export interface Candidate<W extends Written> {
  readonly before: readonly FixedDocument<W>[]
  /** New and moved documents, to be applied between those before the change and the change, in any order. */
  readonly inserted: readonly FixedDocument<W>[]
  /** The change. */
  readonly target: FixedDocument<W>
  readonly rest: readonly FixedDocument<W>[]
}

export interface FixContext {
  readonly start: FixState
  readonly read: ManifestReader
  /** True to merge fixes into the manifests that define their objects; they move before the change. */
  readonly isMerging: boolean
}

/** The candidate with the objects of the fixes of these findings. */
export function withFixes<W extends Written>(
  start: Candidate<W>,
  findings: readonly Finding[],
  context: FixContext
): Candidate<W> {
  const applied = new Map<string, { readonly fix: Manifest; readonly reasons: Finding[] }>()
  for (const finding of findings)
    for (const fix of finding.fix.apply ?? [])
      getOrAdd(applied, JSON.stringify(fix), () => ({ fix, reasons: [] })).reasons.push(finding)
  const merged = [...applied.values()].reduce((all, { fix, reasons }) => withObject(all, fix, reasons, context), start)
  const removed = findings.flatMap(finding => (finding.fix.remove ?? []).map(ref => ({ ref, reasons: [finding] })))
  return removed.reduce((all, { ref, reasons }) => withoutObject(all, ref, reasons, context.start.state), merged)
}

function withObject<W extends Written>(
  all: Candidate<W>,
  fix: Manifest,
  reasons: readonly Finding[],
  { start, read, isMerging }: FixContext
): Candidate<W> {
  const { apiVersion, kind, metadata } = fix
  const ref = { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name }
  const isSame = isOf<W>(ref)
  const corrected = (one: FixedDocument<W>, base: unknown): FixedDocument<W> => {
    const object = mergeFix(one.object, fix, base)
    // The namespace of a manifest without one is that of the command line.
    const resource = read({ ...object, metadata: { ...object.metadata, namespace: one.ref.namespace } })
    return { ...one, object, resource, reasons: [...one.reasons, ...reasons] }
  }
  const { before, inserted, target, rest } = all
  if (isSame(target)) return { ...all, target: corrected(target, target.object) }
  const earlier = before.findLast(isSame)
  if (isMerging && earlier !== undefined)
    return { ...all, before: before.map(one => (one === earlier ? corrected(one, one.object) : one)) }
  const later = rest.find(isSame)
  if (isMerging && later !== undefined) {
    const moved = corrected(later, start.objects.get(keyOf(ref)))
    return { ...all, inserted: [...inserted, moved], rest: rest.filter(one => one !== later) }
  }
  const added = { ref, resource: read(fix), object: fix, written: undefined, deleting: false, reasons }
  return { ...all, inserted: [...inserted, added] }
}

function withoutObject<W extends Written>(
  all: Candidate<W>,
  ref: Ref,
  reasons: readonly Finding[],
  state: Snapshot
): Candidate<W> {
  const isSame = isOf<W>(ref)
  const deleted = (one: FixedDocument<W>) => ({ ...one, object: undefined, deleting: true, reasons })
  const { before, inserted, target } = all
  if (isSame(target)) return { ...all, target: deleted(target) }
  if (before.some(isSame)) return { ...all, before: before.map(one => (isSame(one) ? deleted(one) : one)) }
  const kind = findKind(ref.apiVersion, ref.kind)
  const resource = kind && state.get(kind, ref.namespace, ref.name)
  const deletion = { ref, resource, object: undefined, written: undefined, deleting: true, reasons }
  return { ...all, inserted: [...inserted, deletion] }
}

const isOf =
  <W extends Written>(ref: Ref) =>
  (one: FixedDocument<W>) =>
    keyOf(one.ref) === keyOf(ref) && !one.deleting
