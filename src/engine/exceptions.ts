import { findKind, nameOf, namespaceOf, type Ref } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { hasLabels, type Labels } from '../text/selector.ts'
import type { Finding } from './finding.ts'

/** Selects objects that match every given field. */
export interface ObjectSelector {
  /** Namespace names. A Namespace object matches its own name, other cluster-scoped objects match none. */
  readonly namespaces?: readonly string[] | undefined
  readonly kind?: string | undefined
  readonly name?: string | undefined
  readonly matchLabels?: Labels | undefined
}

/** Suppresses the findings of a rule about some objects until a date. */
export interface Exception {
  readonly rule: string
  readonly selector: ObjectSelector
  readonly reason: string
  readonly owner: string
  /** Last day on which it is active, in UTC, such as `2027-01-31`. */
  readonly expires: string
}

export interface Exceptions {
  readonly active: readonly Exception[]
  readonly expired: readonly Exception[]
}

/** Finding that an exception suppresses, or an exception that expired and suppresses nothing. */
export interface Suppression {
  readonly rule: string
  readonly reason: string
  readonly exception: { readonly owner: string; readonly expires: string; readonly state: 'active' | 'expired' }
}

export function exceptionsAt(all: readonly Exception[], nowMs: number): Exceptions {
  const today = new Date(nowMs).toISOString().slice(0, '2027-01-31'.length)
  return {
    active: all.filter(({ expires }) => today <= expires),
    expired: all.filter(({ expires }) => today > expires)
  }
}

/** Moves findings that an active exception suppresses to `suppressed`. The first matching exception is used. */
export function applyExceptions(
  findings: readonly Finding[],
  snapshot: Snapshot,
  { active }: Exceptions
): { readonly findings: readonly Finding[]; readonly suppressed: readonly Suppression[] } {
  const kept: Finding[] = []
  const suppressed = new Map<string, Suppression>()
  for (const finding of findings) {
    const { rule, object } = finding
    const exception = active.find(one => one.rule === rule && matchesSelector(object, one.selector, snapshot))
    if (exception === undefined) kept.push(finding)
    else suppressed.set(`${rule} ${nameOf(object)}`, toSuppression(exception, object))
  }
  return { findings: kept, suppressed: [...suppressed.values()] }
}

function matchesSelector(
  object: Ref,
  { namespaces, kind, name, matchLabels }: ObjectSelector,
  snapshot: Snapshot
): boolean {
  const namespace = namespaceOf(object)
  return (
    (namespaces === undefined || namespaces.includes(namespace)) &&
    (kind === undefined || kind === object.kind) &&
    (name === undefined || name === object.name) &&
    (matchLabels === undefined || hasLabels(labelsOf(object, snapshot), matchLabels))
  )
}

function labelsOf({ apiVersion, kind, namespace, name }: Ref, snapshot: Snapshot): Labels {
  const known = findKind(apiVersion, kind)
  return (known && snapshot.get(known, namespace, name)?.labels) ?? {}
}

function toSuppression({ rule, reason, owner, expires }: Exception, object: Ref): Suppression {
  return {
    rule,
    reason: `excepted until ${expires} by ${owner}: ${nameOf(object)}: ${reason}`,
    exception: { owner, expires, state: 'active' }
  }
}

/** One entry for each expired exception. */
export function expiredExceptions({ expired }: Exceptions): readonly Suppression[] {
  return expired.map(({ rule, reason, owner, expires }) => ({
    rule,
    reason: `exception expired on ${expires}, by ${owner}: ${reason}`,
    exception: { owner, expires, state: 'expired' }
  }))
}
