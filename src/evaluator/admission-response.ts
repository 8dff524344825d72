import type { Decision } from '../engine/decide.ts'
import type { Finding } from '../engine/finding.ts'
import type { Skip } from '../engine/incremental/skip.ts'
import type { Mutated } from '../engine/mutate.ts'
import { effectLines, fixLines, skipLine, suppressionLine } from '../report/text.ts'
import { nameOf } from '../state/resource.ts'

/** Longer warnings are truncated: the API server recommends at most this many characters. */
const MAX_WARNING_LENGTH = 120
/** Further warnings are only counted: the API server truncates all warnings if their total is too long. */
const MAX_WARNINGS = 10
/** Further models are only counted. */
const MAX_NAMED_MODELS = 10

/** Longer objects of a fix are omitted: people read the message in a terminal, and to write YAML delays other requests. */
const MAX_FIX_LENGTH = 20_000

/** The response to an AdmissionReview; the API server requires its `apiVersion` and `kind`. */
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
 * Response of the validating webhook. The API server returns only one denial to the user, so the message has all findings.
 *
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
  return respond(uid, !denied, {
    ...(denied ? { status: toStatus(decision) } : {}),
    ...withWarnings(warnings),
    auditAnnotations: auditAnnotations(decision)
  })
}

/** Response of the mutating webhook; without a patch if there is nothing to add. */
export function toMutationResponse(uid: string, { patch, notes }: Mutated): AdmissionResponse {
  return respond(uid, true, {
    ...(patch.length === 0
      ? {}
      : { patchType: 'JSONPatch' as const, patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...withWarnings(notes)
  })
}

/** Allows a request without evaluation. */
export function allow(uid: string, warnings: readonly string[] = []): AdmissionResponse {
  return respond(uid, true, withWarnings(warnings))
}

/** Denies a request for a reason other than a finding. */
export function deny(uid: string, message: string): AdmissionResponse {
  return respond(uid, false, { status: { code: 403, reason: 'Forbidden', message } })
}

function respond(
  uid: string,
  allowed: boolean,
  rest: Omit<AdmissionResponse['response'], 'uid' | 'allowed'>
): AdmissionResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, allowed, ...rest } }
}

/** With reason Forbidden, kubectl prints the webhook name and the message; clients read the fields from `details.causes`. */
function toStatus({ findings, notEvaluated }: Decision): object {
  const denying = findings.filter(({ mode }) => mode === 'deny')
  return {
    code: 403,
    reason: 'Forbidden',
    message: [...denying.flatMap(toParagraph), ...(denying.length === 0 ? notEvaluated.map(toSkipLine) : [])].join(
      '\n'
    ),
    details: { causes: denying.map(({ rule, message, field }) => ({ reason: rule, message, field })) }
  }
}

function toParagraph(finding: Finding): readonly string[] {
  return [
    `${finding.rule}: ${finding.message}`,
    `  at ${nameOf(finding.object)} ${finding.field}`,
    ...[
      ...effectLines(finding, MAX_NAMED_MODELS),
      `symptom: ${finding.symptom}`,
      ...fixLines(withoutLongObjects(finding.fix)),
      `more: ${finding.docs}`
    ].map(line => `  ${line}`)
  ]
}

function withoutLongObjects(fix: Finding['fix']): Finding['fix'] {
  const { text, apply = [] } = fix
  if (JSON.stringify(apply).length <= MAX_FIX_LENGTH) return fix
  return { ...fix, text: `${text} (the objects are too long for this message)`, apply: [], remove: [] }
}

const toSkipLine = ({ rule, reason }: Skip) => `not evaluated (unevaluated: deny): ${rule}: ${reason}`
const toWarning = ({ rule, message }: Finding) => `${rule}: ${message}`

/** Audit annotation keys have at most 63 characters and no slash. */
function auditAnnotations({ decision, findings, suppressed }: Decision): Readonly<Record<string, string>> {
  return {
    decision,
    ...(findings.length === 0 ? {} : { rules: toRules(findings) }),
    ...(suppressed.length === 0 ? {} : { suppressed: toRules(suppressed) })
  }
}

function toRules(entries: readonly { readonly rule: string }[]): string {
  return [...new Set(entries.map(({ rule }) => rule))].join(',')
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
  return clean.length <= MAX_WARNING_LENGTH ? clean : `${clean.slice(0, MAX_WARNING_LENGTH - 1)}…`
}
