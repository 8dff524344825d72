import { type IngressClassOf, ingressClassOf } from '../gateway-api/ingress-class.ts'
import { entriesOf, type RouteObject, routesFor } from '../gateway-api/route-table.ts'
import { predictedHttpRoutes } from '../kserve/http-route.ts'
import { callTo } from '../kserve/inference-request.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { predictedIngress } from '../kserve/ingress.ts'
import { BY_PATH, type PublicAddress } from '../kserve/public-address.ts'
import { publicationOf } from '../kserve/publication.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { coversHost } from '../text/host.ts'
import type { PathKinds } from './caller.ts'
import { missingCaveat } from './caveats.ts'
import { routeByGateway } from './gateway-api-route.ts'
import type { Caveat } from './hop.ts'
import { istioIngressPods } from './public-gateway.ts'
import { type ExternalRoute, selectRouting } from './route-selection.ts'

/** Port of a gateway that serves Ingresses. */
const HTTP_PORT = 80

/** Ways of requests to the addresses of a model, by name of the address. */
export const externalRoutes: (view: View<PathKinds>, service: InferenceService) => ReadonlyMap<string, ExternalRoute> =
  memoizeInView((view, service) => {
    const { addresses } = publicationOf(view, service)
    const [route] = predictedHttpRoutes(view, service)
    const ingress = predictedIngress(view, service)
    return new Map([
      ...(route ? addresses.map(one => [one.name, routeByHttpRoutes(view, service, route, one)] as const) : []),
      ...(ingress ? addresses.map(one => [one.name, routeByIngress(view, service, ingress, one)] as const) : [])
    ])
  })

/** The object of a model for a host: the one that exists, else the one that KServe creates or corrects. */
function ownObject<T extends RouteObject>(live: T | undefined, predicted: T, host: string): T {
  const hasHost = live !== undefined && entriesOf(live).some(({ hostname }) => coversHost(hostname, host))
  return hasHost ? live : predicted
}

/** All routes for the host, with the model's own; several models share the host of URLs by path. */
function competing<T extends RouteObject>(all: readonly T[], own: T, { host, name }: PublicAddress): readonly T[] {
  if (name === BY_PATH) return [own]
  return [own, ...routesFor(all, host).filter(one => one.namespace !== own.namespace || one.name !== own.name)]
}

function routeByHttpRoutes(
  view: View<PathKinds>,
  service: InferenceService,
  predicted: ResourceOf<'HTTPRoute'>,
  address: PublicAddress
): ExternalRoute {
  const { host, path } = address
  const own = ownObject(view.get('HTTPRoute', service.namespace, service.name), predicted, host)
  const call = callTo(view, service, host, undefined, path)
  return routeByGateway(view, { own, routes: competing(view.list('HTTPRoute'), own, address), call })
}

function routeByIngress(
  view: View<PathKinds>,
  service: InferenceService,
  predicted: ResourceOf<'Ingress'>,
  address: PublicAddress
): ExternalRoute {
  const { host, path } = address
  const live = view.get('Ingress', service.namespace, service.name)
  const own = ownObject(live, predicted, host)
  const ofClass = ingressClassOf(view, own)
  const pods = ofClass.isOfIstio ? istioIngressPods(view) : []
  if (pods.length === 0)
    return unrouted(`Ingress class ${ofClass.name} has no Istio gateway pods; other proxies are not modeled`)
  const call = callTo(view, service, host, undefined, path)
  const served = competing(view.list('Ingress'), own, address).filter(one => ingressClassOf(view, one).isOfIstio)
  return { pods, port: HTTP_PORT, routing: selectRouting(served, call, own), unevaluated: classCaveats(ofClass) }
}

const unrouted = (reason: string): ExternalRoute => ({
  pods: [],
  port: HTTP_PORT,
  routing: { is: 'unknown', reason, inputs: '' },
  unevaluated: []
})

function classCaveats({ name, isMissing }: IngressClassOf): readonly Caveat[] {
  return isMissing ? [missingCaveat(`IngressClass ${name}`)] : []
}
