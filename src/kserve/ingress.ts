import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { type ComponentKinds, componentsOf, entryOf, type InferenceService } from './inference-service.ts'
import { ingressOf } from './kserve.ts'
import { ownedBy } from './owned-object.ts'
import { STATUS_URL } from './public-address.ts'
import { publicationOf, standardHost } from './publication.ts'

type Ingress = ResourceOf<'Ingress'>

/**
 * Ingress that KServe creates of a model in Standard mode without the Gateway API; absent if it is not published by one,
 * or its host is not known. The host of a transformer leads to the predictor, and that of an explainer beside it is the
 * transformer's.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/kube_ingress_reconciler.go (createRawIngress)
 */
export const predictedIngress: (view: View<ComponentKinds>, service: InferenceService) => Ingress | undefined =
  memoizeInView((view, service) => {
    const { by, addresses } = publicationOf(view, service)
    const components = componentsOf(view, service)
    const entry = entryOf(components)
    const main = addresses.find(({ name }) => name !== STATUS_URL)
    if (by !== 'Ingress' || main === undefined || entry === undefined) return undefined
    const servicesOf = (name: string) => components.filter(one => one.name === name).map(one => one.service)
    const hostsOf = (component: string) =>
      component === '' ? [main.host] : servicesOf(component).flatMap(name => standardHost(view, service, name) ?? [])
    const { transformer, explainer } = service.spec
    const hosts: readonly (readonly [component: string, backend: string])[] = [
      ...(transformer && explainer ? [['transformer', 'explainer'] as const] : []),
      ['', entry.name],
      ...(transformer ? [['transformer', 'predictor'] as const] : []),
      ...(explainer && !transformer ? [['explainer', 'explainer'] as const] : []),
      ['predictor', 'predictor']
    ]
    return {
      ...ownedBy(service, service.name, 'networking.k8s.io/v1'),
      kind: 'Ingress',
      spec: {
        ingressClassName: ingressOf(view).config.ingressClassName,
        rules: hosts.flatMap(([component, backend]) =>
          hostsOf(component).flatMap(host => servicesOf(backend).map(name => ruleTo(host, name)))
        )
      }
    }
  })

function ruleTo(host: string, name: string): Ingress['spec']['rules'][number] {
  const service = { name, port: { number: 80, name: undefined } }
  return { host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service } }] } }
}
