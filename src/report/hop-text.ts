import { nameOf } from '../state/resource.ts'
import type { CallResultView } from './call-result.ts'
import type { Side } from './connection-sides.ts'
import type { FailureView, HopView } from './explanation.ts'
import { fixLines, shortFixLines } from './text.ts'

export const STATUS_LABELS = { ok: 'ok     ', blocked: 'BLOCKED', unknown: 'UNKNOWN' } as const
/** Most severe first. */
export const SEVERITY = ['blocked', 'unknown', 'ok'] as const
export const NOT_MODELED = 'no request paths: ModelMesh pods are shared and are not modeled'
export const ACTIVATOR_MODES = { serve: 'direct (Serve mode)', proxy: 'via activator (Proxy mode)' } as const

/**
 * A hop with its route, and what client and server are configured to do.
 *
 * @param shown hops that have been printed and are not repeated
 * @param linesOf lines about the failure
 */
export function hopLines(
  { name, verdict, route, calls, failure, unknownReason }: HopView,
  shown: Set<string>,
  linesOf: (failure: FailureView) => readonly string[]
): readonly string[] {
  const unknown = unknownReason === undefined ? [] : [`unknown: ${unknownReason}`]
  const routed = route === undefined ? [] : [`route: ${nameOf(route.virtualService)} to ${route.destination}`]
  const facts = [...routed, ...new Set(calls.flatMap(callLines)), ...unknown]
  const head = `${STATUS_LABELS[verdict]} ${name}`
  const key = JSON.stringify([head, facts, failure?.message])
  if (shown.has(key)) return [`${head}, as above`]
  shown.add(key)
  const failed = failure === undefined ? [] : linesOf(failure)
  return [head, ...[...facts, ...failed].map(line => `    ${line}`)]
}

/** What the client sends, what the server accepts, the identity, and the authorization result. */
export function callLines({ client, server, identity, authorization }: CallResultView): readonly string[] {
  return [
    `client sends ${client.description} (${reasonText(client)})`,
    `server accepts ${server.description} (${reasonText(server)})`,
    ...(authorization === undefined
      ? []
      : [`authz: ${authorization.description}, ${principalName(identity)} (${reasonText(authorization)})`])
  ]
}

/** Reason, and the objects and fields that configure it. */
function reasonText({ reason, configuredBy }: Side): string {
  if (configuredBy.length === 0) return reason
  const sources = configuredBy.map(({ object, field }) => `${nameOf(object)} ${field}`).join(', ')
  return `${reason}${reason.includes(':') ? ';' : ':'} ${sources}`
}

/** `namespace/account`, of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`. */
export function principalName(identity: string | undefined): string {
  if (identity === undefined) return 'unauthenticated'
  const [namespace, account] = identity.replace(/^.*\/ns\//, '').split('/sa/')
  return namespace === '*' ? 'any mesh identity' : `${namespace}/${account}`
}

/** Rule, object at fault, and fix. */
export function failureLines(failure: FailureView, showFix: boolean): readonly string[] {
  const { rule, message, object, field, fix } = failure
  return [
    `${rule}: ${message}`,
    ...(object === undefined ? [] : [`at ${nameOf(object)} ${field}`]),
    ...(fix === undefined ? [] : showFix ? fixLines(fix) : shortFixLines(fix))
  ]
}
