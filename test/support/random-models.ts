/**
 * Clusters in which the names, hosts and labels of one of two equal models stand wherever a name may stand: whatever
 * distinguishes the two must also distinguish their fingerprints.
 */
import fc from 'fast-check'
import { anyObject, type Manifest } from './random-cluster.ts'
import { anyRoute } from './random-routes.ts'

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const withoutEmptyFields = (value: object): Manifest => JSON.parse(JSON.stringify(value))

const NAMESPACES = ['user1', 'user2', 'team']
const NAMES = ['a', 'b']
const namespace = pick(...NAMESPACES)
const meshNamespace = pick(...NAMESPACES, 'istio-system')
const name = pick(...NAMES)

const object = (
  apiVersion: string,
  kind: string,
  { namespace, name, ...metadata }: Readonly<Record<string, unknown>>,
  body: object
) => withoutEmptyFields({ apiVersion, kind, metadata: { namespace, name, ...metadata }, ...body })

const models = fc
  .record({
    annotations: pick<object>(
      {},
      {},
      { 'serving.kserve.io/deploymentMode': 'Standard' },
      { 'serving.kserve.io/deploymentMode': 'Standard', 'security.opendatahub.io/enable-auth': 'true' }
    ),
    hasTransformer: fc.boolean(),
    serviceAccountName: maybe(pick('caller')),
    predictorName: maybe(pick('v2')),
    canary: maybe(pick(0, 10)),
    host: maybe(pick('', '-x', '.team')),
    previous: maybe(pick('00002'))
  })
  .map(({ annotations, hasTransformer, serviceAccountName, predictorName, canary, host, previous }) =>
    NAMESPACES.flatMap(namespace =>
      NAMES.map(name =>
        object(
          'serving.kserve.io/v1beta1',
          'InferenceService',
          { namespace, name, annotations, creationTimestamp: '2026-01-01T00:00:00Z' },
          {
            spec: {
              predictor: {
                name: predictorName,
                serviceAccountName,
                minReplicas: 1,
                model: { modelFormat: { name: 'sklearn' } }
              },
              transformer: hasTransformer ? { containers: [] } : undefined,
              canary: canary === undefined ? undefined : [{ predictor: { name: 'v3' }, trafficPercent: canary }]
            },
            status: {
              url: host === undefined ? undefined : `http://${name}.${namespace}${host}.example.com`,
              components: previous && {
                predictor: { traffic: [{ revisionName: `${name}-predictor-${previous}`, percent: 10 }] }
              }
            }
          }
        )
      )
    )
  )

const host = fc
  .tuple(name, namespace, pick('', '-predictor', '-v2-predictor', '-v3-predictor', '-predictor-00001', '-transformer'))
  .map(([model, namespace, suffix]) => `${model}${suffix}.${namespace}.svc.cluster.local`)

const sidecar = fc
  .tuple(
    namespace,
    maybe(pick({ app: 'x' }, { component: 'predictor' })),
    fc.array(
      fc.oneof(
        pick('./*', 'istio-system/*', '~/*', 'user1/*'),
        host.map(one => `*/${one}`)
      ),
      { minLength: 1, maxLength: 3 }
    ),
    maybe(pick('REGISTRY_ONLY'))
  )
  .map(([namespace, labels, hosts, mode]) =>
    object(
      'networking.istio.io/v1',
      'Sidecar',
      { namespace, name: 'default' },
      {
        spec: {
          workloadSelector: labels && { labels },
          outboundTrafficPolicy: mode && { mode },
          egress: [{ hosts }]
        }
      }
    )
  )

/** Names of the VirtualServices that controllers manage, and others. */
const virtualService = fc
  .record({
    namespace: meshNamespace,
    name: pick('mine', 'a', 'b', 'a-predictor-mesh', 'b-predictor-ingress'),
    hosts: fc.array(
      fc.oneof(
        host,
        pick('*.user1.svc.cluster.local', '*.example.com', 'a.user1.example.com', 'b', '*'),
        pick('models.example.org', 'a.example.org', 'b.user1.example.org')
      ),
      { minLength: 1, maxLength: 2 }
    ),
    gateways: pick(
      ['mesh'],
      [],
      ['knative-serving/knative-local-gateway'],
      ['knative-serving/knative-ingress-gateway'],
      ['knative-serving/knative-ingress-gateway', 'mesh']
    ),
    exportTo: maybe(pick(['.'], ['*'], ['user2'])),
    match: maybe(
      pick<object>(
        { uri: { prefix: '/v1/models/a' } },
        { uri: { prefix: '/a/' } },
        { uri: { regex: '/v1/models/b.*' } },
        { authority: { exact: 'b.user1.svc.cluster.local' } },
        { authority: { prefix: 'a-predictor.user1' } },
        { sourceNamespace: 'user2' },
        { sourceLabels: { app: 'x' } },
        { headers: { 'kserve-isvc-name': { exact: 'a' } } }
      )
    ),
    action: fc.oneof(
      host.map(one => ({ route: [{ destination: { host: one } }] })),
      pick<object>(
        { redirect: { uri: '/' } },
        {
          rewrite: { authority: 'a-predictor.user1.svc.cluster.local' },
          route: [{ destination: { host: 'knative-local-gateway.istio-system.svc.cluster.local' } }]
        },
        {
          rewrite: { uri: '/', authority: 'b-predictor.user1.svc.cluster.local' },
          route: [{ destination: { host: 'knative-local-gateway.istio-system.svc.cluster.local' } }]
        }
      )
    )
  })
  .map(({ namespace, name, hosts, gateways, exportTo, match, action }) =>
    object(
      'networking.istio.io/v1',
      'VirtualService',
      { namespace, name },
      { spec: { hosts, gateways, exportTo, http: [{ match: match && [match], ...action }] } }
    )
  )

const service = fc
  .record({
    namespace,
    model: name,
    suffix: pick('-predictor', '-v2-predictor', '-predictor-default', '-predictor-00001', '-x'),
    selector: pick<object | undefined>(
      { 'serving.kserve.io/inferenceservice': 'a' },
      { 'serving.kserve.io/inferenceservice': 'b' },
      { component: 'predictor' },
      { app: 'x' },
      undefined
    ),
    port: pick('http', 'tcp', 'https', undefined),
    targetPort: pick<string | number>(8080, 8012, 8443, 'queue-port', 'https'),
    clusterIP: maybe(pick('None')),
    exportTo: maybe(pick('.', '*', 'user2'))
  })
  .map(({ namespace, model, suffix, selector, port, targetPort, clusterIP, exportTo }) =>
    object(
      'v1',
      'Service',
      {
        namespace,
        name: `${model}${suffix}`,
        annotations: exportTo && { 'networking.istio.io/exportTo': exportTo }
      },
      { spec: { selector, clusterIP, ports: [{ port: 80, name: port, targetPort }] } }
    )
  )

const pod = fc
  .record({
    namespace,
    model: name,
    replica: pick('0', '1'),
    hasSidecar: fc.boolean(),
    isCaptured: fc.boolean(),
    serviceAccountName: maybe(pick('caller')),
    excluded: maybe(pick('8012', '8080')),
    labels: pick(
      {},
      { app: 'x' },
      { tier: 'y' },
      { app: 'isvc.a-predictor' },
      { app: 'isvc.b-v3-predictor' },
      { 'serving.knative.dev/revision': 'a-predictor-00002' }
    ),
    podIP: pick('10.0.0.1', '10.0.0.2'),
    portName: pick('queue-port', 'queue-port', 'http'),
    acceptsMtls: fc.boolean(),
    scheme: maybe(pick('HTTP', 'HTTPS'))
  })
  .map(
    ({
      namespace,
      model,
      replica,
      hasSidecar,
      isCaptured,
      serviceAccountName,
      excluded,
      labels,
      podIP,
      portName,
      acceptsMtls,
      scheme
    }) =>
      object(
        'v1',
        'Pod',
        {
          namespace,
          name: `${model}-${replica}`,
          annotations: excluded
            ? { 'traffic.sidecar.istio.io/excludeInboundPorts': excluded }
            : isCaptured && !hasSidecar
              ? { 'ambient.istio.io/redirection': 'enabled' }
              : undefined,
          labels: {
            'serving.kserve.io/inferenceservice': model,
            component: 'predictor',
            ...labels,
            ...(hasSidecar && acceptsMtls ? { 'security.istio.io/tlsMode': 'istio' } : {})
          }
        },
        {
          spec: {
            serviceAccountName,
            containers: [
              {
                name: hasSidecar ? 'istio-proxy' : 'server',
                args: ['proxy', 'sidecar'],
                ports: [{ name: portName, containerPort: 8012 }],
                readinessProbe: scheme && { httpGet: { port: 8080, scheme } }
              }
            ]
          },
          status: { phase: 'Running', podIP }
        }
      )
  )

const slice = fc.tuple(namespace, name, name).map(([namespace, model, target]) =>
  object(
    'discovery.k8s.io/v1',
    'EndpointSlice',
    { namespace, name: `${model}-slice`, labels: { 'kubernetes.io/service-name': `${model}-predictor` } },
    {
      ports: [{ port: 8080, name: '' }],
      endpoints: [{ addresses: ['10.0.0.9'], targetRef: { kind: 'Pod', name: `${target}-0`, namespace } }]
    }
  )
)

const destinationRule = fc
  .record({
    namespace: meshNamespace,
    host: fc.oneof(
      host,
      pick(
        '*.local',
        '*.team.svc.cluster.local',
        '*-predictor.user1.svc.cluster.local',
        '*-predictor-00001.team.svc.cluster.local'
      )
    ),
    mode: pick('ISTIO_MUTUAL', 'DISABLE', 'SIMPLE'),
    matchLabels: maybe(pick({ app: 'x' }, { component: 'predictor' })),
    exportTo: maybe(pick(['.'], ['*'], ['user2']))
  })
  .map(({ namespace, host, mode, matchLabels, exportTo }) =>
    object(
      'networking.istio.io/v1',
      'DestinationRule',
      { namespace, name: 'rule' },
      {
        spec: {
          host,
          trafficPolicy: { tls: { mode } },
          workloadSelector: matchLabels && { matchLabels },
          exportTo
        }
      }
    )
  )

const gateway = fc
  .record({
    name: pick('knative-local-gateway', 'knative-ingress-gateway'),
    number: pick(8081, 80),
    hosts: fc.array(
      pick(
        '*',
        '*.team.svc.cluster.local',
        '*.example.com',
        '*.team.example.com',
        'a.team.example.com',
        '*.cluster.local'
      ),
      { minLength: 1, maxLength: 2 }
    ),
    mode: pick(undefined, 'ISTIO_MUTUAL')
  })
  .map(({ name, number, hosts, mode }) =>
    object(
      'networking.istio.io/v1',
      'Gateway',
      { namespace: 'knative-serving', name },
      {
        spec: {
          selector: { istio: 'ingressgateway' },
          servers: [{ port: { number, name: 'x', protocol: mode ? 'HTTPS' : 'HTTP' }, hosts, tls: mode && { mode } }]
        }
      }
    )
  )

const peerAuthentication = fc
  .record({
    namespace: meshNamespace,
    matchLabels: maybe(
      pick<object>(
        { app: 'x' },
        { tier: 'y' },
        { 'serving.kserve.io/inferenceservice': 'b' },
        { 'serving.knative.dev/revision': 'b-predictor-00001' },
        { app: 'b-predictor-00001' }
      )
    ),
    mode: pick('STRICT', 'DISABLE', 'PERMISSIVE'),
    port: maybe(pick('8012', '8080', '9090'))
  })
  .map(({ namespace, matchLabels, mode, port }) =>
    object(
      'security.istio.io/v1',
      'PeerAuthentication',
      { namespace, name: 'peer' },
      {
        spec: {
          selector: matchLabels && { matchLabels },
          mtls: { mode },
          portLevelMtls: port && { [port]: { mode: 'DISABLE' } }
        }
      }
    )
  )

const rule = pick<object>(
  { to: [{ operation: { paths: ['/v1/models/b:predict'] } }] },
  { to: [{ operation: { paths: ['*b:predict'] } }] },
  { to: [{ operation: { hosts: ['b*'] } }] },
  { to: [{ operation: { notHosts: ['*.team.svc.cluster.local'] } }] },
  { to: [{ operation: { ports: ['8012'] } }] },
  { from: [{ source: { namespaces: ['user2'] } }] },
  { from: [{ source: { principals: ['*/ns/te*'] } }] },
  { from: [{ source: { serviceAccounts: ['team/caller'] } }] },
  { from: [{ source: { ipBlocks: ['10.0.0.1'] } }] },
  { when: [{ key: 'destination.ip', values: ['10.0.0.1'] }] },
  { when: [{ key: 'request.headers[x]', values: ['y'] }] },
  { when: [{ key: 'destination.port', values: ['8080'] }] }
)
const authorizationPolicy = fc
  .tuple(
    pick(...NAMESPACES, 'istio-system', 'knative-serving'),
    maybe(pick<object>({ app: 'x' }, { 'serving.kserve.io/inferenceservice': 'b' })),
    pick('ALLOW', 'DENY'),
    rule
  )
  .map(([namespace, matchLabels, action, one]) =>
    object(
      'security.istio.io/v1',
      'AuthorizationPolicy',
      { namespace, name: 'policy' },
      { spec: { selector: matchLabels && { matchLabels }, action, rules: [one] } }
    )
  )

const graph = fc
  .tuple(namespace, name)
  .map(([namespace, serviceName]) =>
    object(
      'serving.kserve.io/v1alpha1',
      'InferenceGraph',
      { namespace, name: 'graph' },
      { spec: { nodes: { root: { steps: [{ serviceName }] } } } }
    )
  )

const configMap = (namespace: string, name: string, data: object) =>
  object('v1', 'ConfigMap', { namespace, name }, { data })

/** Configuration that decides the external addresses of models. */
const publication = fc.oneof(
  pick<object>(
    { 'example.com': '', 'b.example.com': 'selector: { serving.knative.dev/service: b-predictor }' },
    { 'team.example.com': '' },
    { 'svc.cluster.local': '' }
  ).map(data => configMap('knative-serving', 'config-domain', data)),
  pick('{{.Name}}-{{.Namespace}}.{{.Domain}}', 'models.{{.Domain}}', '{{index .Labels "component"}}.{{.Domain}}').map(
    template => configMap('knative-serving', 'config-network', { 'domain-template': template })
  ),
  pick<object>(
    { pathTemplate: '/{{ .Namespace }}/{{ .Name }}', ingressDomain: 'example.com' },
    { additionalIngressDomains: ['team.example.com'] },
    { domainTemplate: '{{ .Name }}.{{ .Namespace }}.{{ .IngressDomain }}' },
    { enableGatewayApi: true, kserveIngressGateway: 'istio-system/public', additionalIngressDomains: ['example.net'] },
    { disableIstioVirtualHost: true },
    { disableIngressCreation: true }
  ).map(keys => {
    const ingress = {
      ingressGateway: 'knative-serving/knative-ingress-gateway',
      localGateway: 'knative-serving/knative-local-gateway',
      localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
      ...keys
    }
    return configMap('kserve', 'inferenceservice-config', { ingress: JSON.stringify(ingress) })
  })
)

const BEHIND_WAYPOINT = { 'istio.io/dataplane-mode': 'ambient', 'istio.io/use-waypoint': 'waypoint' }
const namespaces = fc
  .array(
    fc.tuple(
      namespace,
      pick<object>({ 'istio-injection': 'enabled' }, { 'istio-injection': 'enabled' }, BEHIND_WAYPOINT, {})
    ),
    { maxLength: 3 }
  )
  .map(some =>
    some.flatMap(([name, labels]) => [
      object('v1', 'Namespace', { name, labels }, {}),
      ...(labels === BEHIND_WAYPOINT ? [waypoint(name)] : [])
    ])
  )

function waypoint(namespace: string): Manifest {
  const listeners = [{ name: 'mesh', port: 15008, protocol: 'HBONE' }]
  const spec = { gatewayClassName: 'istio-waypoint', listeners }
  return object('gateway.networking.k8s.io/v1', 'Gateway', { namespace, name: 'waypoint' }, { spec })
}

const networkLabels = pick<object>({ 'serving.kserve.io/inferenceservice': 'a' }, { app: 'x' }, {}, {}).map(
  matchLabels => ({ matchLabels })
)
const networkPeers = fc.array(
  fc.oneof(
    fc.record({ podSelector: networkLabels }),
    fc.record({
      namespaceSelector: pick<object>(
        {},
        { matchLabels: { 'kubernetes.io/metadata.name': 'user2' } },
        { matchLabels: { 'istio-injection': 'enabled' } },
        { matchExpressions: [{ key: 'istio-injection', operator: 'DoesNotExist' }] }
      ),
      podSelector: networkLabels
    }),
    pick<object>({ ipBlock: { cidr: '10.0.0.0/31' } }, { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.2/32'] } })
  ),
  { maxLength: 2 }
)
const networkRules = fc.record({
  peers: networkPeers,
  ports: fc.array(pick<object>({ port: 8012 }, { port: 8080 }, { port: 'http' }), { maxLength: 1 })
})

const networkPolicy = fc
  .record({
    namespace: fc.oneof(namespace, pick('istio-system', 'knative-serving')),
    podSelector: networkLabels,
    ingress: fc.array(networkRules, { maxLength: 2 }),
    egress: fc.array(networkRules, { maxLength: 1 }),
    policyTypes: pick<readonly string[]>(['Ingress'], ['Egress'], ['Ingress', 'Egress'])
  })
  .map(({ namespace, ingress, egress, ...rest }) =>
    object(
      'networking.k8s.io/v1',
      'NetworkPolicy',
      { namespace, name: 'isolate' },
      {
        spec: {
          ...rest,
          ingress: ingress.map(({ peers, ports }) => ({ from: peers, ports })),
          egress: egress.map(({ peers, ports }) => ({ to: peers, ports }))
        }
      }
    )
  )

const others = fc.oneof(
  sidecar,
  virtualService,
  virtualService,
  service,
  pod,
  pod,
  destinationRule,
  gateway,
  peerAuthentication,
  authorizationPolicy,
  graph,
  slice,
  networkPolicy,
  networkPolicy,
  publication,
  anyRoute({ namespaces: NAMESPACES, names: NAMES }),
  anyObject.filter(({ kind }) => kind === 'ConfigMap' || kind === 'RequestAuthentication')
)

/** Several objects that decide how external requests reach models in Standard mode. */
const routed = fc.tuple(
  pick<object>({}, { enableGatewayApi: true, kserveIngressGateway: 'istio-system/public' }).map(keys =>
    configMap('kserve', 'inferenceservice-config', {
      ingress: JSON.stringify({
        ingressGateway: 'knative-serving/knative-ingress-gateway',
        localGateway: 'knative-serving/knative-local-gateway',
        localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
        domainTemplate: '{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}',
        ...keys
      })
    })
  ),
  fc.array(anyRoute({ namespaces: NAMESPACES, names: NAMES }), { minLength: 2, maxLength: 6 })
)

/** Two equal models in each of three namespaces, and up to six objects that may distinguish them. */
export const equalModels: fc.Arbitrary<readonly Manifest[]> = fc
  .tuple(models, namespaces, fc.array(others, { maxLength: 6 }), fc.option(routed, { nil: undefined, freq: 1 }))
  .map(([some, around, objects, more]) => [
    ...some,
    ...around,
    ...objects,
    ...(more === undefined ? [] : [more[0], ...more[1]])
  ])
