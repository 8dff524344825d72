import type { PathKinds } from '../../request/caller.ts'
import type { Cause, Failure } from '../../request/failure.ts'
import type { Kind, Ref, ResourceOf } from '../../state/resource.ts'
import type { View } from '../../state/snapshot.ts'

/**
 * Effect of a defect. `latent-outage`: traffic breaks at the next pod restart or as soon as one more object changes.
 * `ineffective`: configuration without an effect.
 */
export type Category = 'outage' | 'latent-outage' | 'exposure' | 'ineffective' | 'style'

/** What admission does about a finding. `audit`: only audits report it. */
export type Mode = 'deny' | 'warn' | 'audit' | 'off'

/** Protection that the author of an object expects and that is missing. */
export type Exposure =
  | 'plaintext-accepted'
  | 'plaintext-sent'
  | 'cross-namespace-via-activator'
  | 'cross-namespace-via-gateway'
  | 'jwt-not-enforced'
  | 'jwt-bypass-via-activator'
  | 'policy-not-enforced'
  | 'public-route'

/** Complete object, as `kubectl apply` accepts it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [field: string]: unknown
}

export interface Fix {
  /** Imperative sentence. */
  readonly text: string
  readonly apply?: readonly Manifest[]
  readonly remove?: readonly Ref[]
}

/** Defect of an object, and its fix. */
export interface Problem {
  /** Field path in the object, such as `spec.servers[0].tls.mode`. */
  readonly field: string
  /** Defect and consequence, with object names. At most 120 characters: the limit of an admission warning. */
  readonly message: string
  readonly fix: Fix
}

/** Problem of a blocked path, attributed to the object whose configuration causes it. */
export interface AttributedProblem extends Problem {
  readonly object: Ref
}

/** Problem that a check found in its subject. */
export interface CheckProblem extends Problem {
  /** Protection that is missing for the subject, if it is an InferenceService, or else for `models`. */
  readonly exposes?: Exposure
  /** Further InferenceServices (`namespace/name`) that the problem affects. */
  readonly models?: readonly string[]
}

interface Rule {
  /** Defect in kebab case: name of the file, page, test, table row and configuration key. Ids are never reused. */
  readonly id: string
  readonly category: Category
  readonly mode: Mode
  /** Row of the rule table; at most 80 characters. */
  readonly summary: string
  /**
   * What users see, with status, Envoy response flags and messages in backticks. Measured with Envoy 1.40, or from the Envoy
   * documentation of access logs.
   */
  readonly symptom: string
  /** What users see instead if the ztunnel of the server (ambient mode) refuses the connection. */
  readonly ztunnelSymptom?: string
}

/** Failure with this cause. */
export type FailureOf<C extends Cause> = Extract<Failure, { readonly cause: C }>

/** Explains the failures of one cause. The engine finds them by comparing paths. */
export interface FailureRule<C extends Cause = Cause> extends Rule {
  readonly cause: C
  /** @param changed object of the change that blocks the path: of several objects at fault, it is the one to report */
  explain(failure: FailureOf<C>, view: View<PathKinds>, changed?: Ref): AttributedProblem
}

/** Checks objects of some kinds for defects that block no path. */
export interface CheckRule<K extends Kind = Kind, R extends Kind = Kind> extends Rule {
  /** Kinds to check; `check` runs once per object. */
  readonly on: readonly K[]
  /** Other kinds that `check` reads. */
  readonly reads: readonly R[]
  check(subject: ResourceOf<K>, view: View<K | R>): Iterable<CheckProblem>
}

/** All rules. The compiler requires one for each failure cause. */
export interface Rules {
  readonly failures: { readonly [C in Cause]: FailureRule<C> }
  readonly checks: readonly CheckRule[]
}

/** @returns the rule that explains this failure. */
export function ruleFor(rules: Rules, { cause }: Failure): FailureRule {
  // The compiler cannot see that the cause selects the rule with the matching parameter type.
  return rules.failures[cause] as FailureRule
}

/** Defines the rule for one failure cause: category `outage`, mode `deny` unless the rule sets others. */
export function defineFailure<const C extends Cause>(
  rule: Omit<FailureRule<C>, 'category' | 'mode'> & { readonly category?: Category; readonly mode?: Mode }
): FailureRule<C> {
  return { category: 'outage', mode: 'deny', ...rule }
}

/** Defines a check and infers the kinds that it reads. */
export function defineCheck<const K extends Kind, const R extends Kind>(rule: CheckRule<K, R>): CheckRule<K, R> {
  return rule
}
