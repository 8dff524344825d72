import { askedProviders, undecidedPolicies } from '../istio/authorization.ts'
import { unmodeledKeys } from '../istio/authorization-rule.ts'
import type { Request } from '../istio/request.ts'
import { nameOf, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { type InputKinds, specDigest } from './call-inputs.ts'
import type { CallResult, Caveat, Unevaluated } from './hop.ts'

/** Answers of the providers that CUSTOM policies of the server ask about a request. */
export function answersOf(view: View<InputKinds>, server: Workload, request: Request): readonly Caveat[] {
  return askedProviders(view, server, request).map(policy => ({
    reason: `answer of CUSTOM provider ${policy.spec.provider?.name ?? ''} is not modeled`,
    inputs: specDigest(policy),
    by: 'provider'
  }))
}

/** Policies of the server that decide a request by conditions that are not evaluated. */
export function undecidedBy(view: View<InputKinds>, server: Workload, request: Request): readonly Caveat[] {
  return undecidedPolicies(view, server, request).map(policy => {
    const keys = new Set(policy.spec.rules.flatMap(rule => (rule === null ? [] : unmodeledKeys(rule))))
    const reason = `${nameOf(policy)} matches on ${[...keys].join(', ')}, which is not modeled`
    return { reason, inputs: specDigest(policy), by: 'object' }
  })
}

/** An object on the path that does not exist, so that what it would decide is not known. */
export function missingCaveat(name: string): Caveat {
  return { reason: `${name} is not evaluated`, inputs: 'it does not exist', by: 'object' }
}

/** A NetworkPolicy on the path that cannot be decided. */
export function toCaveat(policy: ResourceOf<'NetworkPolicy'>): Caveat {
  return { reason: `${nameOf(policy)} is not evaluated`, inputs: specDigest(policy), by: 'object' }
}

/** A route of a gateway whose condition may not match. */
export function uncertainRoute(routed: CallResult['routed']): Unevaluated | undefined {
  if (routed === undefined || routed.is === 'none' || routed.isUncertain !== true) return undefined
  const { virtualService } = routed
  const reason = `JWT claims or scheme decide whether ${nameOf(virtualService)} routes the request`
  return { reason, inputs: specDigest(virtualService) }
}
