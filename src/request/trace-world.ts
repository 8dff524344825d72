import type { Registry } from '../istio/sidecar-route.ts'
import { componentsOf } from '../kserve/inference-service.ts'
import { resolveService, servicesOf } from '../kubernetes/service.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { PathKinds } from './caller.ts'
import { routingAtGateways, worldOf } from './component-world.ts'
import { podsToEvaluate } from './model-templates.ts'
import type { World } from './world.ts'

type TraceKinds = PathKinds | 'InferenceService'

/** What any request in the cluster meets; the hosts of models are routed as the objects of their controllers route them. */
export function traceWorld(view: View<TraceKinds>): World {
  const ownerOf = (host: string) => {
    const [name = '', namespace = ''] = host.split('.')
    return worldsIn(view, namespace).find(({ names }) => names.includes(name))?.world
  }
  const registry: Registry = {
    virtualServicesFor: host => (ownerOf(host) ?? view).virtualServicesFor(host),
    resolve: host => ownerOf(host)?.resolve(host) ?? resolveService(host, view.settings.clusterDomain, servicesOf(view))
  }
  return {
    ...registry,
    view,
    routeAtGateway: routingAtGateways(view, registry),
    known: new Map(),
    isGatewayHost: () => false,
    isOwnPod: () => true,
    findRevision: host => {
      const [, namespace = ''] = host.split('.')
      const [found] = worldsIn(view, namespace).flatMap(({ world }) => world.findRevision(host) ?? [])
      return found
    }
  }
}

/** Worlds of the components on Knative in a namespace, with the names of their Services. */
const worldsIn = memoizeInView((view: View<TraceKinds>, namespace: string) =>
  view.list('InferenceService', namespace).flatMap(service =>
    componentsOf(view, service)
      .filter(({ mode }) => mode === 'Knative')
      .map(component => ({
        names: [service.name, component.service],
        world: worldOf(view, service, component, podsToEvaluate(view, service, component, 'current'))
      }))
  )
)
