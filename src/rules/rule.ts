import type { Kind, Ref, ResourceOf } from '../model/resource.ts'
import type { View } from '../model/snapshot.ts'
import type { Cause, Cut } from '../model/verdict.ts'
import type { PathKinds } from '../model/way.ts'

/** What a defect does. `latent`: it cuts at the next start of a pod, or as soon as one more thing changes. */
export type Severity = 'blocks' | 'latent' | 'opens' | 'wastes' | 'style'

/** What admission does about a finding. `audit`: it is shown by audits alone. */
export type Mode = 'deny' | 'warn' | 'audit' | 'off'

/** What becomes less protected than its author thinks. */
export type Opening =
  | 'plaintext-accepted'
  | 'plaintext-sent'
  | 'cross-namespace-via-activator'
  | 'jwt-not-enforced'
  | 'jwt-bypass-via-activator'
  | 'policy-not-enforced'
  | 'public-route'

/** A whole object, as `kubectl apply` takes it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

export interface Fix {
  /** An imperative. */
  readonly text: string
  readonly apply?: readonly Manifest[]
  readonly remove?: readonly Ref[]
}

/** What is wrong with an object, and what mends it. */
export interface Problem {
  /** Such as `spec.servers[0].tls.mode`. */
  readonly field: string
  /** What and so what, with names; at most 120 characters, for the API server passes on no more. */
  readonly message: string
  readonly fix: Fix
}

/** A problem of a cut lies with the object that decided it, whichever that is. */
export interface Blame extends Problem {
  readonly object: Ref
}

/** A problem that a check has found in its subject. */
export interface CheckProblem extends Problem {
  /** What it opens, when it does, of the InferenceService that is the subject, or else of `models`. */
  readonly opens?: Opening
  /** InferenceServices (`namespace/name`) that the problem is about beside its subject. */
  readonly models?: readonly string[]
}

interface Rule {
  /** Kebab case, naming the defect. It is the file, the page, the test, the row of the table, and never used again. */
  readonly id: string
  readonly severity: Severity
  readonly mode: Mode
  /** The row of the rule table; at most 80 characters. */
  readonly summary: string
}

export type CutOf<C extends Cause> = Extract<Cut, { readonly cause: C }>

/** Explains one cause. It finds nothing by itself: the difference of paths does. */
export interface CutRule<C extends Cause = Cause> extends Rule {
  readonly cause: C
  explain(cut: CutOf<C>, view: View<PathKinds>): Blame
}

/** Looks at one kind of object for what no path shows. */
export interface CheckRule<K extends Kind = Kind, R extends Kind = Kind> extends Rule {
  /** Called once for every object of these kinds. */
  readonly on: readonly K[]
  /** The other kinds it may look at. */
  readonly reads: readonly R[]
  check(subject: ResourceOf<K>, view: View<K | R>): Iterable<CheckProblem>
}

/** All rules: the compiler demands a cut for every cause. */
export interface Rules {
  readonly cuts: { readonly [C in Cause]: CutRule<C> }
  readonly checks: readonly CheckRule[]
}

/** A cut is severe by what it is, and denied unless its rule says otherwise. */
export function defineCut<const C extends Cause>(
  rule: Omit<CutRule<C>, 'severity' | 'mode'> & { readonly mode?: Mode }
): CutRule<C> {
  return { severity: 'blocks', mode: 'deny', ...rule }
}

export function defineCheck<const K extends Kind, const R extends Kind>(rule: CheckRule<K, R>): CheckRule<K, R> {
  return rule
}
