import type { Decision } from '../engine/decide.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import type { Mutated } from '../engine/mutate.ts'
import { effectLines, fixLines, skipLine, suppressionLine } from '../report/text.ts'
import { nameOf } from '../state/resource.ts'

/** A warning longer than this is cut short: some clients show no more. */
const WARNING_LENGTH = 120
/** More warnings are counted, not shown: the API server cuts them all when they are too many. */
const MAX_WARNINGS = 10
/** More models are counted, not named. */
const MAX_MODELS = 10

/** An answer as the API server takes it. */
export interface AdmissionResponse {
  readonly apiVersion: 'admission.k8s.io/v1'
  readonly kind: 'AdmissionReview'
  readonly response: {
    readonly uid: string
    readonly allowed: boolean
    readonly status?: object
    readonly patchType?: 'JSONPatch'
    readonly patch?: string
    readonly warnings?: readonly string[]
    readonly auditAnnotations?: Readonly<Record<string, string>>
  }
}

/**
 * The answer of the validating side. Only the first of several refusals reaches the user, so this one holds everything.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
 */
export function toValidationResponse(uid: string, decision: Decision): AdmissionResponse {
  const { findings, existing, notEvaluated, suppressed } = decision
  const denied = decision.decision === 'deny'
  const warnings = [
    ...findings.filter(({ mode }) => !denied || mode === 'warn').map(toWarning),
    ...existing.map(finding => `pre-existing: ${toWarning(finding)}`),
    ...notEvaluated.map(skipLine),
    ...suppressed.map(suppressionLine)
  ]
  return answer(uid, !denied, {
    ...(denied ? { status: toStatus(decision) } : {}),
    ...withWarnings(warnings),
    auditAnnotations: auditAnnotations(decision)
  })
}

/** The answer of the mutating side: what to add, or nothing. */
export function toMutationResponse(uid: string, { patch, notes }: Mutated): AdmissionResponse {
  return answer(uid, true, {
    ...(patch.length === 0
      ? {}
      : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...withWarnings(notes)
  })
}

/** Admits, and says why nothing more was done. */
export function allow(uid: string, warnings: readonly string[] = []): AdmissionResponse {
  return answer(uid, true, withWarnings(warnings))
}

/** Refuses, for a reason that is no finding. */
export function deny(uid: string, message: string): AdmissionResponse {
  return answer(uid, false, { status: { code: 403, reason: 'Forbidden', message } })
}

function answer(
  uid: string,
  allowed: boolean,
  rest: Omit<AdmissionResponse['response'], 'uid' | 'allowed'>
): AdmissionResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed, ...rest } }
}

/** Reason Forbidden: with it kubectl prints our name and message, and clients get the fields as causes. */
function toStatus({ findings, notEvaluated }: Decision): object {
  const refusing = findings.filter(({ mode }) => mode === 'deny')
  return {
    code: 403,
    reason: 'Forbidden',
    message: [...refusing.flatMap(toParagraph), ...(refusing.length === 0 ? notEvaluated.map(toSkipLine) : [])].join(
      '\n'
    ),
    details: { causes: refusing.map(({ rule, message, field }) => ({ reason: rule, message, field })) }
  }
}

function toParagraph(finding: Finding): readonly string[] {
  return [
    `${finding.rule}: ${finding.message}`,
    `  at ${nameOf(finding.object)} ${finding.field}`,
    ...[...effectLines(finding, MAX_MODELS), ...fixLines(finding.fix), `more: ${finding.docs}`].map(line => `  ${line}`)
  ]
}

const toSkipLine = ({ rule, reason }: Skip) => `not evaluated (unevaluated: deny): ${rule}: ${reason}`
const toWarning = ({ rule, message }: Finding) => `${rule}: ${message}`

/** Audit annotations have keys of at most 63 characters, and no slash. */
function auditAnnotations({ decision, findings, suppressed }: Decision): Readonly<Record<string, string>> {
  return {
    decision,
    ...(findings.length === 0 ? {} : { rules: toRules(findings) }),
    ...(suppressed.length === 0 ? {} : { suppressed: toRules(suppressed) })
  }
}

function toRules(some: readonly { readonly rule: string }[]): string {
  return [...new Set(some.map(({ rule }) => rule))].join(',')
}

function withWarnings(warnings: readonly string[]): { readonly warnings?: readonly string[] } {
  if (warnings.length === 0) return {}
  const shown = warnings.slice(0, MAX_WARNINGS).map(truncate)
  const more = warnings.length - shown.length
  return { warnings: more === 0 ? shown : [...shown, `and ${more} more`] }
}

/** The API server drops warnings with control characters. */
function truncate(text: string): string {
  const clean = text.replace(/\p{Cc}+/gu, ' ')
  return clean.length <= WARNING_LENGTH ? clean : `${clean.slice(0, WARNING_LENGTH - 1)}…`
}
