/** DestinationRule `default` for a host. */
export const clientRule = (host: string, policy: string, namespace = 'istio-system') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ${namespace}, name: default }
spec: { host: "${host}", trafficPolicy: ${policy} }
`

/** Gateway in knative-serving for the ingress gateway pods. */
export const gateway = (name: string, servers: string, created = '') => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: ${name} ${created} }
spec: { selector: { istio: ingressgateway }, servers: [${servers}] }
`

/** InferenceService `user1/new`. */
export const model = (metadata: string, spec = 'predictor: { model: { modelFormat: { name: sklearn } } }') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new ${metadata} }
spec: { ${spec} }
`

/** Namespace `user1` with labels. */
export const namespace = (labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: user1, labels: { ${labels} } }
`

/** NetworkPolicy `isolate` of a namespace. */
export const networkPolicy = (spec: string, namespace = 'user1') => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: ${namespace}, name: isolate }
spec: ${spec}
`

/** PeerAuthentication `default` of a namespace. */
export const policy = (namespace: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: default }
spec: ${spec}
`

/** AuthorizationPolicy `policy`, by default in user1. */
export const authorizing = (spec: string, namespace = 'user1') => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: ${namespace}, name: policy }
spec: ${spec}
`

/** AuthorizationPolicy that allows only a source. */
export const allow = (source: string) => authorizing(`{ action: ALLOW, rules: [{ from: [{ source: ${source} }] }] }`)

/** RequestAuthentication `tokens` of a namespace for one issuer. */
export const tokens = (selector = '{}', namespace = 'user1', issuer = 'https://issuer.example.com') => `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: ${namespace}, name: tokens }
spec: { selector: { matchLabels: ${selector} }, jwtRules: [{ issuer: "${issuer}", forwardOriginalToken: true }] }
`

export const configMap = (namespace: string, name: string, data: Readonly<Record<string, string>>) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: ${namespace}, name: ${name} }
data: ${JSON.stringify(data)}
`

/** KServe configuration with the ingress gateway of a default installation and additional ingress keys. */
export const kserveConfig = (ingress: Readonly<Record<string, string | boolean | readonly string[]>>) => {
  const value = { ingressGateway: 'knative-serving/knative-ingress-gateway', ...ingress }
  return configMap('kserve', 'inferenceservice-config', { ingress: JSON.stringify(value) })
}

/** AuthorizationPolicy `rules` of a namespace. */
export const authorization = (namespace: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: ${namespace}, name: rules }
spec: ${spec}
`

/** RequestAuthentication `tokens` of a namespace. */
export const authentication = (namespace: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: ${namespace}, name: tokens }
spec: ${spec}
`

/** InferenceGraph `user1/graph` with the step `new`. */
export const graph = (metadata: string, spec = 'nodes: { root: { steps: [{ serviceName: new }] } }') => `
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: { namespace: user1, name: graph ${metadata} }
spec: { ${spec} }
`

/** Pod without a proxy, with a sidecar, or of a gateway. */
export const pod = (
  namespace: string,
  name: string,
  labels: string,
  proxy: 'none' | 'sidecar' | 'router' | 'waypoint',
  more = ''
) => `
apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: ${name}, labels: { ${labels} } }
spec: { containers: [${proxy === 'none' ? '' : `{ name: istio-proxy, args: [proxy, ${proxy}] }`}] ${more} }
`

/** Joins YAML documents. */
export const together = (...objects: readonly string[]) => objects.join('---')

/** Activator and autoscaler pods of the example cluster without sidecars. */
export const KNATIVE_WITHOUT_SIDECARS = [
  ['activator', 'activator-7f77bdbcdb-xh79h'],
  ['autoscaler', 'autoscaler-546dd95779-mqtjh']
]
  .map(
    ([app, name]) => `
apiVersion: v1
kind: Pod
metadata: { namespace: knative-serving, name: ${name}, labels: { app: ${app} } }
spec: { serviceAccountName: ${app}, containers: [{ name: ${app} }] }
`
  )
  .join('---')

/** ServiceEntry with the host of a Service, so that what proxies do with requests to it is not evaluated. */
export const hostTaken = (host = 'new-predictor.user1.svc.cluster.local') => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { namespace: istio-system, name: taken }
spec: { hosts: [${host}], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
`

/** Waypoint of Istio without status: its controller is expected to make it ready. */
export const waypoint = (labels = '', listener = '', namespace = 'user1') => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: ${namespace}, labels: { ${labels} } }
spec:
  gatewayClassName: istio-waypoint
  listeners: [{ name: mesh, port: 15008, protocol: HBONE ${listener} }]
`
