import { GATEWAY_NAME } from '../istio/policy-target.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import { endpointsOf, findService, podsWith } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { KubernetesGateway } from './listeners.ts'

type ProxyKinds = 'Pod' | 'Service' | 'EndpointSlice' | 'GatewayClass'

/** Proxies of a Gateway, or why they or what they send is not known. */
export type Proxies = { readonly pods: readonly Workload[] } | { readonly unknownReason: string }

/** Controllers whose proxies have Istio workload certificates. */
const ISTIO = ['istio.io/gateway-controller', 'istio.io/unmanaged-gateway', 'openshift.io/gateway-controller/v1']
/** Controllers whose proxies send plaintext without identity, unless ztunnel captures them. */
const ENVOY_GATEWAY = 'gateway.envoyproxy.io/gatewayclass-controller'
const PLAINTEXT = [
  ENVOY_GATEWAY,
  'kgateway.dev/kgateway',
  'projectcontour.io/gateway-controller',
  'gateway.nginx.org/nginx-gateway-controller',
  'traefik.io/gateway-controller',
  'apisix.apache.org/apisix-ingress-controller'
]

/** Namespace of Envoy Gateway and, by default, of its proxies. */
const ENVOY_GATEWAY_NAMESPACE = 'envoy-gateway-system'
/** Labels of Envoy Gateway's proxies: name and namespace of their Gateway, or its class if they serve several Gateways. */
const OWNING_NAME = 'gateway.envoyproxy.io/owning-gateway-name'
const OWNING_NAMESPACE = 'gateway.envoyproxy.io/owning-gateway-namespace'
const OWNING_CLASS = 'gateway.envoyproxy.io/owning-gatewayclass'

/** True if requests pass proxies of Istio; unknown if the controller is not modeled or the class does not exist. */
export function isOfIstio(view: View<'GatewayClass'>, { spec }: KubernetesGateway): boolean | undefined {
  const controller = view.get('GatewayClass', '', spec.gatewayClassName)?.spec.controllerName ?? ''
  if (ISTIO.includes(controller)) return true
  return PLAINTEXT.includes(controller) ? false : undefined
}

/** Running proxies of a Gateway, of any implementation, whether the Gateway exists or not. */
export function runningProxies(
  view: View<'Pod'>,
  namespace: string,
  name: string,
  className = ''
): readonly Workload[] {
  return dedupePods([
    ...podsWith(view, namespace, { [GATEWAY_NAME]: name }),
    ...podsWith(view, ENVOY_GATEWAY_NAMESPACE, { [OWNING_NAME]: name, [OWNING_NAMESPACE]: namespace }),
    ...podsWith(view, ENVOY_GATEWAY_NAMESPACE, { [OWNING_CLASS]: className })
  ])
}

/**
 * Proxies of a Gateway. Without running ones, those that its controller creates. A Gateway with an address by name is
 * served by the pods of that Service.
 * @see envoyproxy/gateway 1.8 internal/infrastructure/kubernetes/proxy, kgateway and Contour: label of the Gateway API,
 * istio 1.31 pilot/pkg/config/kube/gateway/deploymentcontroller.go
 */
export function proxiesOf(view: View<ProxyKinds>, gateway: KubernetesGateway): Proxies {
  const { namespace, name, spec } = gateway
  const { gatewayClassName } = spec
  const isIstio = isOfIstio(view, gateway)
  const found = view.get('GatewayClass', '', gatewayClassName)
  if (isIstio === undefined && found !== undefined) {
    return { unknownReason: `GatewayClass ${gatewayClassName} of ${found.spec.controllerName} is not modeled` }
  }
  const running = dedupePods([
    ...addressedPods(view, gateway),
    ...runningProxies(view, namespace, name, gatewayClassName)
  ])
  // Whether a sidecar recognizes what such a proxy sends depends on its routing: by pod IP or by Service.
  if (running.some(({ proxy }) => proxy === 'sidecar'))
    return { unknownReason: `proxies of Gateway ${namespace}/${name} have sidecars; what they send is not modeled` }
  if (running.length > 0) return { pods: running }
  return isIstio === undefined
    ? { unknownReason: `Gateway ${namespace}/${name} has no pods, and GatewayClass ${gatewayClassName} does not exist` }
    : { pods: [nextProxy(view, gateway, isIstio)] }
}

function addressedPods(view: View<ProxyKinds>, { spec }: KubernetesGateway): readonly Workload[] {
  return spec.addresses.flatMap(({ type, value = '' }) => {
    const service = type === 'Hostname' ? findService(view, value) : undefined
    const [port] = service?.spec.ports ?? []
    if (service === undefined || port === undefined) return []
    return endpointsOf(view, service, port).map(({ workload }) => workload)
  })
}

function nextProxy(view: View<ProxyKinds>, { namespace, name, spec }: KubernetesGateway, isIstio: boolean): Workload {
  const controller = view.get('GatewayClass', '', spec.gatewayClassName)?.spec.controllerName
  return {
    namespace: controller === ENVOY_GATEWAY ? ENVOY_GATEWAY_NAMESPACE : namespace,
    name: `${name} (next pod)`,
    labels: { [GATEWAY_NAME]: name },
    serviceAccount: isIstio ? `${name}-${spec.gatewayClassName}` : '',
    proxy: isIstio ? 'gateway' : 'none',
    ports: [],
    address: undefined
  }
}
