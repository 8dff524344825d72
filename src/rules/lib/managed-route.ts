import type { ResourceOf } from '../../state/resource.ts'

/** API groups of the controllers that create routes for models. */
const CONTROLLERS = /^(serving\.kserve\.io|serving\.knative\.dev|networking\.internal\.knative\.dev)\//
const NET_ISTIO = 'networking.internal.knative.dev/ingress'

/** True if KServe or Knative manages the VirtualService. */
export function isManagedRoute({ owner, labels }: ResourceOf<'VirtualService'>): boolean {
  return CONTROLLERS.test(owner?.apiVersion ?? '') || NET_ISTIO in labels
}
