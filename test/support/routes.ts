import { kserveConfig } from './objects.ts'

/** KServe's configuration with Gateway `kserve/public` of the Gateway API. */
export const GATEWAY_API = kserveConfig({ enableGatewayApi: true, kserveIngressGateway: 'kserve/public' })

export const gatewayClass = (name: string, controller: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ${name} }
spec: { controllerName: ${controller} }
`
export const ISTIO_CLASS = gatewayClass('istio', 'istio.io/gateway-controller')
export const ENVOY_CLASS = gatewayClass('envoy', 'gateway.envoyproxy.io/gatewayclass-controller')

/** Listener that accepts HTTPRoutes of all namespaces. */
export const OPEN_LISTENER = '{ name: http, port: 80, protocol: HTTP, allowedRoutes: { namespaces: { from: All } } }'

/** Gateway `kserve/public`, or another one of that namespace. */
export const publicGateway = (listeners = OPEN_LISTENER, className = 'istio', name = 'public') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { namespace: kserve, name: ${name} }
spec: { gatewayClassName: ${className}, listeners: [${listeners}] }
`

/** HTTPRoute of InferenceService `user1/new` with the host that KServe gives it. */
export const httpRoute = (rules: string, more = '', metadata = 'namespace: user1, name: new') => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { ${metadata} }
spec: { parentRefs: [{ namespace: kserve, name: public }], hostnames: [new-user1.example.com], rules: [${rules}] ${more} }
`

/** Ingress of InferenceService `user1/new`. */
export const ingress = (
  path: string,
  service: string,
  className = 'istio',
  metadata = 'namespace: user1, name: new'
) => `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { ${metadata} }
spec:
  ingressClassName: ${className}
  rules:
    - host: new-user1.example.com
      http: { paths: [{ path: ${path}, pathType: Prefix, backend: { service: ${service} } }] }
`

/** InferenceService `user1/new` in Standard mode. */
export const standardModel = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new, annotations: { serving.kserve.io/deploymentMode: Standard } }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`

/** VirtualService of the ingress gateway for `models.example.org`, as net-istio makes it of a Knative DomainMapping. */
export const ownRoute = (service = 'new-predictor') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: own, creationTimestamp: "2026-01-01T00:00:00Z" }
spec:
  hosts: [models.example.org]
  gateways: [knative-serving/knative-ingress-gateway]
  http:
    - match: [{ authority: { prefix: models.example.org }, gateways: [knative-serving/knative-ingress-gateway] }]
      rewrite: { authority: ${service}.user1.svc.cluster.local }
      route: [{ destination: { host: ${service}.user1.svc.cluster.local, port: { number: 80 } }, weight: 100 }]
`
