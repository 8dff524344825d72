import type { Registry } from '../istio/sidecar-route.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import { knativeGateways } from '../knative/knative.ts'
import { knativeVirtualServices } from '../knative/virtual-service.ts'
import {
  type Component,
  componentsOf,
  type InferenceService,
  previousRevisionOf,
  revisionOf
} from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { topLevelVirtualService } from '../kserve/virtual-service.ts'
import { HTTP_PORT, resolveService, type Service, type ServicePort } from '../kubernetes/service.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { hostsOf } from '../state/virtual-service-index.ts'
import { coversHost } from '../text/host.ts'
import type { PathKinds } from './caller.ts'

/** Objects that KServe, Knative Serving and net-istio create for a model on Knative. */
export interface PredictedObjects {
  readonly virtualServices: readonly VirtualService[]
  /** Services of the names that callers use. */
  readonly services: readonly Service[]
}

export const predictedObjects: (view: View<PathKinds>, service: InferenceService) => PredictedObjects = memoizeInView(
  (view, service) => {
    const components = componentsOf(view, service).filter(({ mode }) => mode === 'Knative')
    const topLevel = topLevelVirtualService(view, service)
    return {
      virtualServices: [
        ...(topLevel === undefined ? [] : [topLevel]),
        ...components.flatMap(component => ofComponent(view, service, component))
      ],
      services: namesOf(view, service, components)
    }
  }
)

function ofComponent(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component
): readonly VirtualService[] {
  const labels = { ...component.labels, 'serving.knative.dev/service': component.service }
  const latest = revisionOf(service, component)
  const previous = previousRevisionOf(service, component)
  const traffic = [latest, ...(previous === undefined ? [] : [previous])].map(revision => ({ revision, percent: 100 }))
  const { namespace, created } = service
  return knativeVirtualServices(view, { namespace, name: component.service, labels, created }, traffic)
}

/**
 * Names that resolve to a gateway: of the components to Knative's, of the model to the one that KServe configures. Without
 * a gateway, only sidecars route the names of components.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/ingress_reconciler.go
 * (reconcileExternalService), knative serving 1.23 pkg/reconciler/route/resources/service.go (MakeK8sPlaceholderService)
 */
function namesOf(
  view: View<PathKinds>,
  { namespace, name }: InferenceService,
  components: readonly Component[]
): readonly Service[] {
  const { disableIstioVirtualHost, localGatewayService } = ingressOf(view).config
  const [gateway] = knativeGateways(view).local
  const ofComponents = components.map(({ service }) => toService(namespace, service, gateway?.service, [H2C]))
  return disableIstioVirtualHost ? ofComponents : [...ofComponents, toService(namespace, name, localGatewayService, [])]
}

/** HTTP port of a Service. */
export const httpPort = (port: number): ServicePort => ({
  name: 'http2',
  port,
  targetPort: port,
  protocol: 'TCP',
  appProtocol: undefined
})

/** Port of the Services that Knative creates. */
const H2C: ServicePort = { ...httpPort(HTTP_PORT), appProtocol: 'kubernetes.io/h2c' }

/** @param target host that it is an alias of; absent: a cluster IP */
export function toService(namespace: string, name: string, target: string | undefined, ports: ServicePort[]): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    namespace,
    name,
    labels: {},
    annotations: {},
    created: undefined,
    deleting: false,
    owner: undefined,
    spec: {
      type: target === undefined ? 'ClusterIP' : 'ExternalName',
      clusterIP: undefined,
      externalName: target,
      selector: {},
      ports
    }
  }
}

/** Objects that the requests to a model meet: live ones, and those that controllers have yet to create. */
export const registryOf: (view: View<PathKinds>, service: InferenceService) => Registry = memoizeInView(
  (view, service) => {
    const { clusterDomain } = view.settings
    const { virtualServices, services } = predictedObjects(view, service)
    const missing = virtualServices.filter(one => view.get('VirtualService', one.namespace, one.name) === undefined)
    const covers = (one: VirtualService, host: string) =>
      hostsOf(one, clusterDomain).some(name => coversHost(name, host))
    const get = (namespace: string, name: string) =>
      view.get('Service', namespace, name) ?? services.find(one => one.name === name && one.namespace === namespace)
    return {
      virtualServicesFor: host => {
        const live = view.virtualServicesFor(host)
        const own = missing.filter(one => covers(one, host))
        return own.length === 0 ? live : [...live, ...own]
      },
      resolve: host => resolveService(host, clusterDomain, get)
    }
  }
)
