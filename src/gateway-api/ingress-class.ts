import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'

/** Class of Istio's gateway, by default and in the old annotation. */
const ISTIO_CLASS = 'istio'
const ISTIO_CONTROLLER = 'istio.io/ingress-controller'
/** Annotation that takes precedence over `ingressClassName`. */
export const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'

/** Class of an Ingress, and whether Istio serves it. */
export interface IngressClassOf {
  readonly name: string
  readonly isOfIstio: boolean
  /** True if the IngressClass does not exist; then its name decides. */
  readonly isMissing: boolean
}

/** @see istio 1.31 pilot/pkg/config/kube/ingress/controller.go (shouldProcessIngressWithClass) */
export function ingressClassOf(
  view: View<'IngressClass'>,
  { annotations, spec }: ResourceOf<'Ingress'>
): IngressClassOf {
  const annotated = annotations[CLASS_ANNOTATION]
  if (annotated !== undefined) return { name: annotated, isOfIstio: annotated === ISTIO_CLASS, isMissing: false }
  const name = spec.ingressClassName ?? ''
  const found = view.get('IngressClass', '', name)
  if (found === undefined) return { name, isOfIstio: name === ISTIO_CLASS, isMissing: true }
  return { name, isOfIstio: found.spec?.controller === ISTIO_CONTROLLER, isMissing: false }
}
