import fc from 'fast-check'
import type { Operation } from '../../src/engine/mutate.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { KINDS, type Kind, nameOf, type Resource } from '../../src/state/resource.ts'
import { type Change, Snapshot } from '../../src/state/snapshot.ts'
import { anyRoute } from './random-routes.ts'
import { deepFreeze, stockWith } from './snapshot.ts'

/** An object as in a manifest. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

const STOCK = stockWith()
const STOCK_OBJECTS: readonly Resource[] = Object.keys(KINDS).flatMap(kind => STOCK.list(kind as Kind))

/** Parses an object. */
export function read(manifest: unknown): Resource {
  const resource = readResource(manifest)
  if (resource === undefined) throw new Error(`unread kind: ${JSON.stringify(manifest)}`)
  return deepFreeze(resource)
}

/** Objects of the example cluster with additions and replacements. */
export function objectsWith(manifests: readonly Manifest[]): readonly Resource[] {
  const objects = [...STOCK_OBJECTS, ...manifests.map(read)]
  return [...new Map(objects.map(one => [nameOf(one), one])).values()]
}

export function clusterWith(manifests: readonly Manifest[]): Snapshot {
  return Snapshot.of(objectsWith(manifests))
}

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const mostly = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 5 })
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength = 2) => fc.array(arbitrary, { maxLength })
const atLeastOne = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 1, maxLength: 2 })
const record = <T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model)

/** Equal and distinct creationTimestamps; undefined for a new object. */
const created = pick(undefined, undefined, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')
const namespace = pick('user1', 'user1', 'user2', 'istio-system', 'knative-serving')

function object(
  apiVersion: string,
  kind: string,
  namespaces: fc.Arbitrary<string>,
  names: fc.Arbitrary<string>,
  body: fc.Arbitrary<object>,
  metadata: fc.Arbitrary<object> = fc.constant({})
): fc.Arbitrary<Manifest> {
  return fc
    .tuple(namespaces, names, created, body, metadata)
    .map(([namespace, name, creationTimestamp, body, more]) =>
      withoutEmptyFields({ apiVersion, kind, metadata: { namespace, name, creationTimestamp, ...more }, ...body })
    )
}

const withoutEmptyFields = (value: object): Manifest => JSON.parse(JSON.stringify(value))
const spec = (body: fc.Arbitrary<object>) => body.map(spec => ({ spec }))

const matchLabels = pick(
  { 'serving.kserve.io/inferenceservice': 'sklearn-iris' },
  { component: 'predictor' },
  { app: 'activator' },
  { istio: 'ingressgateway' },
  { app: 'nothing' }
)
const selector = optional(matchLabels.map(matchLabels => ({ matchLabels })))
const mode = pick('STRICT', 'STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET')
const name = pick('default', 'other')

const peerAuthentication = object(
  'security.istio.io/v1',
  'PeerAuthentication',
  namespace,
  name,
  spec(
    record({
      selector,
      mtls: mostly(record({ mode })),
      portLevelMtls: seldom(fc.dictionary(pick('8012', '9090', '8080', '8443'), record({ mode }), { maxKeys: 2 }))
    })
  )
)

const host = pick(
  '*',
  '*.local',
  '*.svc.cluster.local',
  '*.user1.svc.cluster.local',
  'knative-local-gateway.istio-system.svc.cluster.local',
  'sklearn-iris-predictor-00001.user1.svc.cluster.local',
  'sklearn-iris-burst-predictor-00001-private.user1.svc.cluster.local',
  'sklearn-iris',
  'example.com'
)
const clientTls = mostly(
  record({
    mode: mostly(pick('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL', 'ISTIO_MUTUAL')),
    subjectAltNames: seldom(pick([], ['spiffe://cluster.local/ns/user1/sa/default'], ['spiffe://other'])),
    sni: seldom(pick('other.example.com'))
  })
)
const trafficPolicy = mostly(
  record({
    tls: clientTls,
    loadBalancer: seldom(record({ simple: pick('PASSTHROUGH', 'RANDOM') })),
    portLevelSettings: seldom(some(record({ port: record({ number: pick(80, 8012, 443) }), tls: clientTls })))
  })
)
const destinationRule = object(
  'networking.istio.io/v1',
  'DestinationRule',
  namespace,
  name,
  spec(
    record({
      host,
      trafficPolicy,
      exportTo: seldom(pick(['*'], ['.'], ['user1'])),
      workloadSelector: seldom(matchLabels.map(matchLabels => ({ matchLabels }))),
      subsets: seldom(some(record({ name: pick('v1'), trafficPolicy }), 1))
    })
  )
)

const server = fc
  .tuple(
    pick(80, 443, 8081),
    pick('HTTP', 'HTTP', 'HTTPS', 'HTTPS', 'TCP'),
    pick('*', '*', '*.svc.cluster.local', '*.example.com', 'user1/*', 'twin-b.user1.example.com'),
    pick('ISTIO_MUTUAL', 'ISTIO_MUTUAL', 'SIMPLE', 'MUTUAL', 'PASSTHROUGH', undefined)
  )
  .map(([number, protocol, host, mode]) => ({
    port: { number, protocol, name: `${protocol.toLowerCase()}-${number}` },
    hosts: [host],
    ...(protocol === 'HTTPS' ? { tls: { mode, credentialName: 'c' } } : {})
  }))
const gateway = object(
  'networking.istio.io/v1',
  'Gateway',
  pick('knative-serving'),
  pick('knative-local-gateway', 'knative-local-gateway', 'knative-ingress-gateway', 'other'),
  spec(
    record({
      selector: pick({ istio: 'ingressgateway' }, { istio: 'ingressgateway' }, { istio: 'none' }),
      servers: atLeastOne(server)
    })
  )
)

const source = record({
  namespaces: mostly(atLeastOne(pick('user1', 'user2', 'istio-system', 'knative-serving'))),
  notNamespaces: seldom(pick(['user2'])),
  principals: seldom(pick(['*'], ['cluster.local/ns/user2/sa/caller'], ['*/sa/default'])),
  requestPrincipals: seldom(pick(['*'], ['issuer/*'])),
  ipBlocks: seldom(pick(['10.44.0.0/16'], ['192.168.0.0/16'], ['10.44.0.10']))
})
const operation = record({
  paths: optional(pick(['/metrics', '/healthz'], ['/v1/*'], ['/v1/models/sklearn-iris:predict'])),
  ports: optional(pick(['8012'], ['9090'])),
  hosts: seldom(pick(['*.user1.svc.cluster.local'], ['*.example.com'], ['Twin-b*'], ['twin-b-too.user1.example.com'])),
  methods: seldom(pick(['POST'], ['GET']))
})
const condition = pick(
  { key: 'source.namespace', values: ['user1'] },
  { key: 'request.headers[x-team]', values: ['blue'] },
  { key: 'request.auth.claims[iss]', notValues: ['issuer'] },
  { key: 'connection.sni', values: ['outbound_.80_._.twin-b*'] },
  { key: 'destination.ip', values: ['10.44.0.0/16'] },
  { key: 'nothing', values: ['a'] }
)
const rule = record({
  from: optional(atLeastOne(record({ source: optional(source) }))),
  to: optional(atLeastOne(record({ operation: optional(operation) }))),
  when: seldom(atLeastOne(condition))
})
const targetRefs = seldom(
  pick(
    [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'waypoint' }],
    [{ kind: 'Service', name: 'new-predictor' }],
    [{ group: 'gateway.networking.k8s.io', kind: 'GatewayClass', name: 'istio-waypoint' }]
  )
)
const authorizationPolicy = object(
  'security.istio.io/v1',
  'AuthorizationPolicy',
  namespace,
  name,
  spec(
    record({
      selector,
      action: optional(pick('ALLOW', 'ALLOW', 'DENY', 'AUDIT', 'CUSTOM')),
      provider: optional(record({ name: pick('gone') })),
      targetRefs,
      rules: optional(some(rule))
    })
  ),
  pick({}, {}, {}, { annotations: { 'istio.io/dry-run': 'true' } })
)
const requestAuthentication = object(
  'security.istio.io/v1',
  'RequestAuthentication',
  namespace,
  name,
  spec(
    record({
      selector,
      targetRefs,
      jwtRules: some(record({ issuer: pick('issuer', 'other'), forwardOriginalToken: optional(fc.boolean()) }))
    })
  )
)

const podSelector = fc.oneof(
  matchLabels.map(matchLabels => ({ matchLabels })),
  pick({}, {}, { matchExpressions: [{ key: 'component', operator: 'Exists' }] })
)
const namespaceName = (...values: readonly string[]) => ({
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }]
})
const networkPeers = some(
  fc.oneof(
    record({
      namespaceSelector: pick<object>(
        {},
        namespaceName('istio-system', 'knative-serving'),
        namespaceName('user2'),
        { matchLabels: { 'istio-injection': 'enabled' } },
        { matchExpressions: [{ key: 'istio-injection', operator: 'NotIn', values: ['enabled'] }] }
      ),
      podSelector: seldom(podSelector)
    }),
    record({ podSelector }),
    pick(
      { ipBlock: { cidr: '0.0.0.0/0' } },
      { ipBlock: { cidr: '10.0.0.0/8' } },
      { ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/17'] } }
    )
  )
)
const networkPorts = some(pick<object>({ port: 8012 }, { port: 'queue-port' }, { port: 8000, endPort: 9100 }, {}))
const networkPolicy = object(
  'networking.k8s.io/v1',
  'NetworkPolicy',
  namespace,
  name,
  spec(
    record({
      podSelector,
      policyTypes: optional(pick(['Ingress'], ['Egress'], ['Ingress', 'Egress'])),
      ingress: some(record({ from: networkPeers, ports: networkPorts })),
      egress: some(record({ to: networkPeers, ports: networkPorts }))
    })
  )
)

const namespaceObject: fc.Arbitrary<Manifest> = record({
  name: pick('user1', 'user2', 'knative-serving', 'kserve'),
  labels: pick(
    {},
    { 'istio-injection': 'enabled' },
    { 'istio-injection': 'disabled' },
    { 'istio.io/rev': 'default' },
    { 'istio.io/dataplane-mode': 'ambient' },
    { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'waypoint' },
    { 'istio.io/use-waypoint': 'waypoint', 'istio.io/ingress-use-waypoint': 'true' },
    { 'mesh-guard.io/policy': 'mesh' }
  )
}).map(metadata => ({ apiVersion: 'v1', kind: 'Namespace', metadata }))

const useWaypoint = seldom(pick('waypoint', 'waypoint', 'none'))
const waypoint = object(
  'gateway.networking.k8s.io/v1',
  'Gateway',
  pick('user1', 'user2'),
  pick('waypoint'),
  pick(
    {},
    { status: { addresses: [{ value: '10.0.0.9' }] } },
    { status: { conditions: [{ type: 'Programmed', status: 'False' }] } }
  ).map(body => ({
    spec: { gatewayClassName: 'istio-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
    ...body
  })),
  pick({}, {}, { labels: { 'istio.io/waypoint-for': 'all' } }, { labels: { 'istio.io/waypoint-for': 'workload' } })
)
const waypointPod = pick('user1', 'user2').map(
  (namespace): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: 'waypoint', labels: { 'gateway.networking.k8s.io/gateway-name': 'waypoint' } },
    spec: { serviceAccountName: 'waypoint', containers: [{ name: 'istio-proxy', args: ['proxy', 'waypoint'] }] }
  })
)

const inject = optional(pick('true', 'false'))
const dataplaneMode = optional(pick('ambient', 'none'))
const labels = record({
  'sidecar.istio.io/inject': inject,
  'istio.io/dataplane-mode': dataplaneMode,
  'istio.io/use-waypoint': useWaypoint,
  'networking.knative.dev/visibility': optional(pick('cluster-local'))
})
const annotations = record({
  'sidecar.istio.io/inject': inject,
  'sidecar.istio.io/rewriteAppHTTPProbers': optional(pick('false')),
  'autoscaling.knative.dev/targetBurstCapacity': optional(pick('0', '-1', '70', '-2')),
  'autoscaling.knative.dev/target-burst-capacity': optional(pick('0')),
  'serving.kserve.io/deploymentMode': optional(pick('Standard', 'Knative')),
  'security.opendatahub.io/enable-auth': seldom(pick('true'))
})
const component = record({
  labels: optional(labels),
  annotations: optional(annotations),
  minReplicas: optional(pick(0, 1)),
  serviceAccountName: optional(pick('caller')),
  model: pick({ modelFormat: { name: 'sklearn' } }, { modelFormat: { name: 'triton' } })
})
/** InferenceServices, new or with the name of one in the example cluster. */
export const inferenceService = object(
  'serving.kserve.io/v1beta1',
  'InferenceService',
  pick('user1', 'user1', 'user2'),
  pick('sklearn-iris', 'new'),
  spec(record({ predictor: component, transformer: optional(component) })),
  record({ labels: optional(labels), annotations: optional(annotations) })
)
const inferenceGraph = object(
  'serving.kserve.io/v1alpha1',
  'InferenceGraph',
  pick('user1'),
  pick('graph'),
  spec(record({ nodes: pick({ root: { steps: [{ serviceName: 'sklearn-iris' }, { serviceName: 'new' }] } }) })),
  record({ labels: optional(labels) })
)
const service = object(
  'v1',
  'Service',
  pick('user1', 'istio-system'),
  pick('new-predictor', 'httpbin', 'istio-ingressgateway', 'border'),
  spec(
    record({
      selector: optional(matchLabels),
      type: optional(pick('LoadBalancer', 'ClusterIP')),
      clusterIP: optional(pick('None')),
      ports: atLeastOne(
        record({
          port: pick(80, 443),
          name: optional(pick('http', 'https', 'tcp')),
          targetPort: optional(pick<number | string>(8080, 8081, 8012, 'queue-port'))
        })
      )
    })
  ),
  record({ labels: record({ 'istio.io/use-waypoint': useWaypoint }) })
)
const sidecar = object(
  'networking.istio.io/v1',
  'Sidecar',
  namespace,
  name,
  spec(record({ egress: optional(some(record({ hosts: pick(['*/*'], ['./*'], ['~/*'], ['istio-system/*']) }))) }))
)
/** Annotation of pods that ztunnel captures. */
const CAPTURED = { 'ambient.istio.io/redirection': 'enabled' }
const proxy = pick([], [{ name: 'istio-proxy', args: ['proxy', 'sidecar'] }])
const pod = fc
  .tuple(
    pick('sklearn-iris', 'new'),
    pick('a', 'b'),
    proxy,
    pick('Running', 'Failed'),
    optional(pick('caller')),
    dataplaneMode,
    pick([], [], [{ name: 'server', readinessProbe: { httpGet: { port: 8080, scheme: 'HTTPS' } } }])
  )
  .map(
    ([model, suffix, proxy, phase, serviceAccountName, mode, servers]): Manifest =>
      withoutEmptyFields({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          namespace: 'user1',
          name: `${model}-${suffix}`,
          annotations: mode === 'ambient' && proxy.length === 0 ? CAPTURED : undefined,
          labels: {
            'serving.kserve.io/inferenceservice': model,
            component: 'predictor',
            'istio.io/dataplane-mode': mode,
            ...(proxy.length > 0 ? { 'security.istio.io/tlsMode': 'istio' } : {})
          }
        },
        spec: { serviceAccountName, containers: [...proxy, ...servers] },
        status: { phase }
      })
  )

/** Pod of a caller. */
const callerPod = fc
  .tuple(
    pick('user1', 'user2'),
    proxy,
    pick({}, { 'sidecar.istio.io/inject': 'true' }),
    pick<Readonly<Record<string, string>>>({}, {}, CAPTURED)
  )
  .map(([namespace, containers, labels, annotations]): Manifest => {
    const metadata = { namespace, name: 'caller', labels, annotations }
    return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } }
  })

const GATEWAY = {
  ingressGateway: 'knative-serving/knative-ingress-gateway',
  localGateway: 'knative-serving/knative-local-gateway',
  localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local'
}
const map = (namespace: string, name: string, data: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name },
  data
})
const configMap = pick(
  map('kserve', 'inferenceservice-config', { ingress: JSON.stringify({ ...GATEWAY, disableIstioVirtualHost: true }) }),
  map('kserve', 'inferenceservice-config', { ingress: '{ "disableIstioVirtualHost": true }' }),
  map('knative-serving', 'config-autoscaler', { 'target-burst-capacity': '0' }),
  map('knative-serving', 'config-network', { 'mesh-compatibility-mode': 'enabled' }),
  map('istio-system', 'istio', { mesh: 'enableAutoMtls: false' })
)

/** Object of any kind that is read. */
export const anyObject: fc.Arbitrary<Manifest> = fc.oneof(
  { weight: 3, arbitrary: peerAuthentication },
  { weight: 3, arbitrary: destinationRule },
  { weight: 3, arbitrary: gateway },
  { weight: 3, arbitrary: authorizationPolicy },
  { weight: 1, arbitrary: requestAuthentication },
  { weight: 1, arbitrary: networkPolicy },
  { weight: 2, arbitrary: namespaceObject },
  { weight: 3, arbitrary: inferenceService },
  { weight: 1, arbitrary: inferenceGraph },
  { weight: 1, arbitrary: service },
  { weight: 1, arbitrary: sidecar },
  { weight: 1, arbitrary: pod },
  { weight: 1, arbitrary: callerPod },
  { weight: 1, arbitrary: waypoint },
  { weight: 1, arbitrary: waypointPod },
  { weight: 1, arbitrary: anyRoute({ namespaces: ['user1', 'user2'], names: ['sklearn-iris', 'new'] }) },
  { weight: 1, arbitrary: configMap }
)

/** Up to 5 objects with distinct names. */
export const someObjects: fc.Arbitrary<readonly Manifest[]> = fc.uniqueArray(anyObject, {
  maxLength: 5,
  selector: manifest => nameOf(read(manifest))
})

/** Change that applies an object. */
export function applying(cluster: Snapshot, after: Resource): Change {
  const before = cluster.get(after.kind, after.namespace, after.name)
  return before === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before, after }
}

/** Applies a JSON Patch whose operations are all `add`. */
export function patched(manifest: Manifest, patch: readonly Operation[]): Manifest {
  const result = structuredClone(manifest)
  for (const { path, value } of patch) {
    const keys = path
      .split('/')
      .slice(1)
      .map(key => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = keys.pop() ?? ''
    const parent = keys.reduce<Record<string, unknown>>(
      (at, key) => at[key] as Record<string, unknown>,
      result as never
    )
    parent[last] = value
  }
  return result
}
