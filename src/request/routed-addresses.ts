import { firstMatch, routesFor } from '../istio/route.ts'
import { gatewaysOf, MESH, type VirtualService } from '../istio/virtual-service.ts'
import { knativeGateways } from '../knative/knative.ts'
import { callsTo, callTo, inferencePath } from '../kserve/inference-request.ts'
import type { InferenceService } from '../kserve/inference-service.ts'
import { addressPattern, type PublicAddress, routedName } from '../kserve/public-address.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { HttpRoute } from '../state/kinds/virtual-service.ts'
import { hostsOf } from '../state/virtual-service-index.ts'
import { isWildcard } from '../text/host.ts'
import { candidateCalls, NON_MESH_CLIENT } from './callers.ts'
import { followFromGateway } from './follow.ts'
import { enterGateway } from './ingress-hops.ts'
import type { PathTemplate } from './request-path.ts'
import type { World } from './world.ts'

/** Most addresses of one model, so that no object makes its evaluation long. */
const MAX_ADDRESSES = 20

/**
 * External paths by addresses that VirtualServices of gateways have for a model besides those of KServe: domains of users, and
 * Knative DomainMappings, of which net-istio makes such a VirtualService. Routes with conditions that need more than a
 * path have no address, nor have those of delegates.
 *
 * @param hosts of the model in the cluster, to which the VirtualServices send requests
 * @param published addresses that KServe and Knative publish
 * @see knative serving 1.23 pkg/reconciler/domainmapping/resources/ingress.go (MakeIngress)
 */
export function routedPaths(
  world: World,
  service: InferenceService,
  hosts: readonly string[],
  published: readonly PublicAddress[]
): readonly PathTemplate[] {
  const { view } = world
  const virtualServices = new Set([...new Set(hosts)].flatMap(host => view.virtualServicesTo(host)))
  const found = new Map<string, PathTemplate>()
  for (const virtualService of [...virtualServices].filter(one => !isOf(one, service))) {
    for (const { gateway, host, path } of addressesIn(world, service, virtualService, hosts)) {
      if (published.some(one => one.host === host) || found.size === MAX_ADDRESSES) continue
      const address = addressPattern(service, { host, path })
      found.set(address, {
        caller: 'external',
        from: undefined,
        entry: routedName(address),
        address,
        candidates: candidateCalls([NON_MESH_CLIENT], callsTo(view, service, host, path)),
        follow: ({ call }) => {
          const { hop, pods } = enterGateway(world, gateway, call)
          return followFromGateway(world, hop, pods, call)
        }
      })
    }
  }
  return [...found.values()]
}

/** KServe gives its VirtualService the name of the model, and replaces one that has it. */
const isOf = ({ namespace, name }: VirtualService, service: InferenceService) =>
  name === service.name && namespace === service.namespace

interface RoutedAddress extends Pick<PublicAddress, 'host' | 'path'> {
  /** `namespace/name` of the Gateway. */
  readonly gateway: string
}

/** Addresses by which a VirtualService alone sends requests to the hosts. */
function addressesIn(
  { view }: World,
  service: InferenceService,
  virtualService: VirtualService,
  targets: readonly string[]
): readonly RoutedAddress[] {
  const { clusterDomain } = view.settings
  const local = knativeGateways(view).local.map(one => one.gateway)
  const gateways = [...gatewaysOf(virtualService)].filter(name => name !== MESH && !local.includes(name))
  const hosts = hostsOf(virtualService, clusterDomain).filter(
    host => !isWildcard(host) && !host.endsWith(`.svc.${clusterDomain}`)
  )
  const { http = [] } = virtualService.spec
  const paths = [...new Set(http.flatMap(route => prefixesOf(route, service)))]
  const isRouted = ({ gateway, host, path }: RoutedAddress) => {
    const proxy = { namespace: virtualService.namespace, labels: {}, gateway, port: HTTP_PORT }
    const call = callTo(view, service, host, undefined, path)
    const routed = firstMatch(routesFor(view, virtualService, proxy), call)
    return (
      routed?.is === 'forwarded' &&
      routed.isUncertain !== true &&
      routed.destinations.some(one => targets.includes(one.host) || targets.includes(one.call.host))
    )
  }
  return hosts
    .slice(0, MAX_ADDRESSES)
    .flatMap(host => paths.slice(0, MAX_ADDRESSES).flatMap(path => gateways.map(gateway => ({ gateway, host, path }))))
    .filter(isRouted)
}

/** Prefixes that bring an inference request under the conditions of a route; the empty one if its own path is there. */
function prefixesOf({ match = [] }: HttpRoute, service: InferenceService): readonly string[] {
  const own = inferencePath(service) ?? '/'
  const prefixes = match.map(({ uri }) => uri?.prefix ?? '/')
  return (match.length === 0 ? ['/'] : prefixes).map(prefix =>
    own.startsWith(prefix) ? '' : prefix.replace(/\/$/, '')
  )
}
