import { askedProviders } from '../istio/authorization.ts'
import type { Request } from '../istio/request.ts'
import { memoizeInView } from '../state/memoize.ts'
import { apiNameOf, nameOf, type ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { selects } from '../text/selector.ts'
import { type InputKinds, specText } from './call-inputs.ts'
import type { Caveat } from './hop.ts'

/** Answers of the providers that CUSTOM policies of the server ask about a request. */
export function answersOf(view: View<InputKinds>, server: Workload, request: Request): readonly Caveat[] {
  return askedProviders(view, server, request).map(policy => ({
    reason: `answer of CUSTOM provider ${policy.spec.provider?.name ?? ''} is not modeled`,
    inputs: specText(policy),
    by: 'provider'
  }))
}

/** NetworkPolicies that select the pod. */
export const networkPolicyCaveats: (view: View<'NetworkPolicy'>, workload: Workload) => readonly Caveat[] =
  memoizeInView((view, { namespace, labels }) =>
    view
      .list('NetworkPolicy', namespace)
      .filter(({ spec }) => selects(spec.podSelector, labels))
      .map(toCaveat)
  )

/** An object on the path that is read but not evaluated. */
export function toCaveat(object: ResourceOf<'NetworkPolicy' | 'KubernetesGateway' | 'GatewayClass'>): Caveat {
  return {
    reason: `${nameOf({ ...object, kind: apiNameOf(object.kind) })} is not evaluated`,
    inputs: specText(object),
    by: 'object'
  }
}
