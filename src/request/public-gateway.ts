import { meshOf } from '../istio/mesh.ts'
import { GATEWAY_NAME } from '../istio/policy-target.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import { podsWith } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { PathKinds } from './caller.ts'
import { toCaveat } from './caveats.ts'
import type { Caveat } from './hop.ts'

/** Ingress class of Istio's gateway. */
const ISTIO_INGRESS_CLASS = 'istio'
/** Namespace of Envoy Gateway and, by default, of its proxies. */
const ENVOY_GATEWAY_NAMESPACE = 'envoy-gateway-system'
/** Labels of Envoy Gateway's proxies: name and namespace of their Gateway. */
const ENVOY_GATEWAY_NAME = 'gateway.envoyproxy.io/owning-gateway-name'
const ENVOY_GATEWAY_OWNER = 'gateway.envoyproxy.io/owning-gateway-namespace'

/**
 * Proxies that serve the Ingresses or HTTPRoutes of models in Standard mode; none if they are not found. Those of other
 * implementations than Istio send plaintext without identity, unless ztunnel captures them.
 * @see envoyproxy/gateway 1.8 internal/infrastructure/kubernetes/proxy, kgateway and Contour: label of the Gateway API
 */
export function publicGatewayPods(view: View<PathKinds>): readonly Workload[] {
  const { config } = ingressOf(view)
  if (!config.enableGatewayApi) return config.ingressClassName === ISTIO_INGRESS_CLASS ? istioIngressPods(view) : []
  const [namespace = '', name = ''] = config.kserveIngressGateway.split('/')
  const pods = dedupePods([
    ...podsWith(view, namespace, { [GATEWAY_NAME]: name }),
    ...podsWith(view, ENVOY_GATEWAY_NAMESPACE, { [ENVOY_GATEWAY_NAME]: name, [ENVOY_GATEWAY_OWNER]: namespace })
  ])
  // Whether a sidecar recognizes what such a proxy sends depends on its routing: by pod IP or by Service.
  return pods.some(({ proxy }) => proxy === 'sidecar') ? [] : pods
}

/** Gateway pods of all namespaces that serve the Ingress class of Istio. */
function istioIngressPods(view: View<PathKinds>): readonly Workload[] {
  const { ingressGateway } = meshOf(view)
  return dedupePods(view.gateways().filter(({ labels }) => labels['istio'] === ingressGateway))
}

/** Objects of the Gateway API that decide whether its proxies serve HTTPRoutes of models, also if they do not exist. */
export function gatewayCaveats(view: View<PathKinds>): readonly Caveat[] {
  const { config } = ingressOf(view)
  if (!config.enableGatewayApi) return []
  const [namespace = '', name = ''] = config.kserveIngressGateway.split('/')
  const gateway = view.get('KubernetesGateway', namespace, name)
  if (gateway === undefined) return [missing(`Gateway ${config.kserveIngressGateway}`)]
  const className = gateway.spec.gatewayClassName
  const gatewayClass = view.get('GatewayClass', '', className)
  return [toCaveat(gateway), gatewayClass === undefined ? missing(`GatewayClass ${className}`) : toCaveat(gatewayClass)]
}

const missing = (name: string): Caveat => ({
  reason: `${name} is not evaluated`,
  inputs: 'it does not exist',
  by: 'object'
})
