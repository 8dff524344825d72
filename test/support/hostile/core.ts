import { entries, type HostileInput, inherited, LONE_SURROGATE, type Manifest, nested, PROTO, times } from './row.ts'

const GATEWAYS = { istio: 'ingressgateway' }

const named = (
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  more: object
): Manifest => ({
  apiVersion,
  kind,
  ...more,
  metadata: { ...(namespace === undefined ? {} : { namespace }), name, ...Object(Object(more).metadata) }
})

const namespace = (metadata: object) => named('v1', 'Namespace', 'user1', undefined, { metadata })

const namespaces: readonly HostileInput[] = [
  {
    name: 'Namespace: 15,000 labels',
    admitted: true,
    make: () =>
      namespace({
        labels: entries(
          15_000,
          i => `istio.io/k${i}`,
          i => `v${i}`.padEnd(63, 'x')
        )
      })
  },
  {
    name: 'Namespace: labels with inherited property names',
    admitted: true,
    make: () => namespace({ labels: inherited('a'), annotations: inherited('') })
  },
  { name: 'Namespace: labels are null', admitted: true, make: () => namespace({ labels: null, annotations: null }) }
]

export const service = (namespace: string, name: string, spec: object, metadata: object = {}) =>
  named('v1', 'Service', name, namespace, { spec, metadata })
const port = (i: number, more: object = {}) => ({ name: `p${i}`, port: i + 1, targetPort: 8081, ...more })

const services: readonly HostileInput[] = [
  {
    name: 'Service: 5,000 ports of the gateway',
    admitted: true,
    make: () => service('istio-system', 'hostile', { selector: GATEWAYS, ports: times(5_000, i => port(i)) })
  },
  {
    name: 'Service: 5,000 named ports of a model',
    admitted: true,
    make: () =>
      service('user1', 'hostile', {
        selector: { 'serving.kserve.io/inferenceservice': 'sklearn-iris' },
        ports: times(5_000, i => port(i, { targetPort: 'queue-port', appProtocol: `${'a-'.repeat(20)}a` }))
      })
  },
  {
    name: 'Service: a selector of 15,000 labels',
    admitted: true,
    make: () =>
      service('user1', 'hostile', {
        selector: entries(
          15_000,
          i => `k${i}`,
          i => `v${i}`.padEnd(63, 'x')
        ),
        ports: [port(1)]
      })
  },
  {
    name: 'Service: a selector with inherited property names',
    admitted: true,
    make: () => service('user1', 'hostile', { selector: inherited('a'), ports: [port(1)] })
  },
  {
    name: 'Service: exported to 120,000 namespaces',
    admitted: true,
    make: () =>
      service(
        'user1',
        'hostile',
        { ports: [port(1)] },
        { annotations: { 'networking.istio.io/exportTo': 'n,'.repeat(120_000) } }
      )
  },
  {
    name: 'Service: ExternalName of itself',
    admitted: true,
    make: () =>
      service('istio-system', 'hostile', {
        type: 'ExternalName',
        externalName: 'hostile.istio-system.svc.cluster.local'
      })
  }
]

/** EndpointSlice of a Service. */
export const slice = (
  namespace: string,
  serviceName: string,
  name: string,
  endpoints: readonly object[],
  ports: readonly object[]
) =>
  named('discovery.k8s.io/v1', 'EndpointSlice', name, namespace, {
    metadata: { labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    endpoints,
    ports
  })
/** IP address of the nth pod. */
export const address = (i: number) => `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`

const slices: readonly HostileInput[] = [
  {
    name: 'EndpointSlice: 1,000 endpoints and 100 ports, of a Service without selector',
    admitted: true,
    make: () =>
      slice(
        'istio-system',
        'knative-local-gateway',
        'hostile',
        times(1_000, i => ({ addresses: [address(i)] })),
        times(100, i => ({ name: `p${i}`, port: i + 1 }))
      ),
    beside: () => [service('istio-system', 'knative-local-gateway', { ports: [{ name: 'p1', port: 80 }] })]
  },
  {
    name: 'EndpointSlice: 1,000 endpoints with 100 addresses each',
    admitted: true,
    make: () =>
      slice(
        'istio-system',
        'hostile',
        'hostile',
        times(1_000, i => ({ addresses: times(100, j => address(100 * i + j)) })),
        [{ name: 'http', port: 80 }]
      )
  },
  {
    name: 'EndpointSlice: null in every field that is read',
    admitted: true,
    make: () =>
      slice('user1', 'hostile', 'hostile', [{ addresses: ['10.0.0.1'], targetRef: null }], [{ name: null, port: null }])
  }
]

export const configMap = (namespace: string, name: string, data: unknown) =>
  named('v1', 'ConfigMap', name, namespace, { data })
const mesh = (text: string) => configMap('istio-system', 'istio', { mesh: text })
const ingress = (text: string) => configMap('kserve', 'inferenceservice-config', { ingress: text })

/** Billion laughs attack. */
const LAUGHS = ['a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]']
  .concat(
    times(9, i => {
      const [own, other] = [String.fromCharCode(98 + i), String.fromCharCode(97 + i)]
      return `${own}: &${own} [${times(10, () => `*${other}`).join()}]`
    })
  )
  .join('\n')

/** Values of `mesh` in the Istio ConfigMap, which is limited to 1 MiB. */
const MESHES: readonly (readonly [string, () => string])[] = [
  ['a billion laughs', () => `${LAUGHS}\ntrustDomainAliases: *j`],
  ['50,000 aliases of one anchor', () => `a: &a x\ntrustDomainAliases:\n${'- *a\n'.repeat(50_000)}`],
  ['30,000 anchors', () => times(30_000, i => `k${i}: &a${i} v`).join('\n')],
  ['recursive anchors', () => 'trustDomainAliases: &a [*a, *a]\nextensionProviders: &b [{ name: *b }]'],
  [
    '30,000 aliases of the trust domain',
    () => `trustDomainAliases: [${times(30_000, i => `td${i}.example.com`).join()}]`
  ],
  [
    '10,000 providers',
    () =>
      `extensionProviders:\n${times(10_000, i => `- { name: p${i}, envoyExtAuthzGrpc: { service: a, port: 1 } }`).join('\n')}`
  ],
  ['500,000 nested lists', () => nested(500_000)],
  ['2,000 nested lists', () => `a: ${nested(2_000)}`],
  ['500,000 lists that never end', () => '['.repeat(500_000)],
  ['1,000 mappings in one another', () => times(1_000, i => `${' '.repeat(i)}a:`).join('\n')],
  ['a line of 300,000 keys', () => 'a: '.repeat(300_000)],
  ['one key 50,000 times', () => 'rootNamespace: a\n'.repeat(50_000)],
  [
    'keys with inherited property names',
    () => '__proto__: { rootNamespace: evil, enableAutoMtls: false }\nconstructor: { prototype: { a: 1 } }\ntoString: 5'
  ],
  [
    'tags of other languages',
    () =>
      'rootNamespace: !!js/function "function () { return 1 }"\ntrustDomain: !!binary AAAA\na: !!python/object:os.system x'
  ],
  ['values of another type', () => 'rootNamespace: 5\ntrustDomain: .nan\ntrustDomainAliases: a\nenableAutoMtls: "no"'],
  [
    'null in every field that is read',
    () => 'rootNamespace: ~\ntrustDomain: null\ntrustDomainAliases:\nextensionProviders:\nenableAutoMtls: ~'
  ],
  ['1,000,000 blanks', () => ' '.repeat(1_000_000)],
  ['500,000 quotes', () => '"'.repeat(500_000)],
  ['1,000,000 comment signs', () => '#'.repeat(1_000_000)],
  ['100,000 documents', () => '---\n'.repeat(100_000)],
  ['800,000 characters of a folded text', () => `a: >\n${'  b c\n\n'.repeat(100_000)}`],
  [
    'merge keys of merge keys',
    () => times(2_000, i => `k${i}: &k${i} { <<: *k${Math.max(0, i - 1)}, a: ${i} }`).join('\n')
  ]
]

const maps: readonly HostileInput[] = [
  ...MESHES.map(([what, make]) => ({
    name: `ConfigMap: mesh configuration of ${what}`,
    admitted: true,
    make: () => mesh(make())
  })),
  {
    name: 'ConfigMap: configuration of KServe is 400,000 nested lists',
    admitted: true,
    make: () => ingress(`{"a":${nested(400_000)}}`)
  },
  {
    name: 'ConfigMap: configuration of KServe has 40,000 keys that differ in case',
    admitted: true,
    make: () =>
      ingress(`{${times(40_000, i => `"${i % 2 === 0 ? 'ingressGateway' : 'INGRESSGATEWAY'}":"a/b"`).join()}}`)
  },
  {
    name: 'ConfigMap: configuration of KServe has __proto__ for its gateway',
    admitted: true,
    make: () =>
      ingress(
        '{"__proto__":{"ingressGateway":"a/b"},"constructor":{"prototype":{"localGateway":"x"}},"ingressGateway":5}'
      )
  },
  {
    name: 'ConfigMap: gateways of KServe have names of 300,000 characters',
    admitted: true,
    make: () =>
      ingress(
        JSON.stringify({
          ingressGateway: `a/${'-'.repeat(300_000)}`,
          kserveIngressGateway: `${'a'.repeat(300_000)}/A`,
          enableGatewayApi: true
        })
      )
  },
  {
    name: 'ConfigMap: burst capacity of Knative is 1,000,000 digits and a letter',
    admitted: true,
    make: () =>
      configMap('knative-serving', 'config-autoscaler', { 'target-burst-capacity': `${'1'.repeat(1_000_000)}x` })
  },
  {
    name: 'ConfigMap: 25,000 domains of Knative',
    admitted: true,
    make: () =>
      configMap(
        'knative-serving',
        'config-domain',
        entries(
          25_000,
          i => `d${i}.example.com`,
          i => `selector: { a: b${i} }`
        )
      )
  },
  {
    name: 'ConfigMap: 5,000 gateways of Knative, in the legacy format',
    admitted: true,
    make: () =>
      configMap(
        'knative-serving',
        'config-istio',
        entries(
          5_000,
          i => `local-gateway.n${i}.g${i}`,
          i => `s${i}.n${i}.svc.cluster.local`
        )
      )
  },
  {
    name: 'ConfigMap: 5,000 gateways of Knative, as YAML',
    admitted: true,
    make: () =>
      configMap('knative-serving', 'config-istio', {
        'external-gateways': times(
          5_000,
          i => `- { name: g${i}, namespace: n${i}, service: s${i}.n.svc.cluster.local }`
        ).join('\n')
      })
  },
  {
    name: 'ConfigMap: a sidecar injector with 10,000 selectors',
    admitted: true,
    make: () =>
      configMap('istio-system', 'istio-sidecar-injector', {
        config: `neverInjectSelector:\n${times(10_000, i => `- matchExpressions: [{ key: k${i}, operator: Exists }]`).join('\n')}`
      })
  },
  {
    name: 'ConfigMap: 20,000 keys, some with inherited property names',
    admitted: true,
    make: () =>
      configMap('knative-serving', 'config-network', {
        ...entries(
          20_000,
          i => `k${i}`,
          () => 'v'.repeat(30)
        ),
        ...inherited('a'),
        [PROTO]: 'a'
      })
  },
  { name: 'ConfigMap: data is null', admitted: true, make: () => configMap('istio-system', 'istio', null) },
  {
    name: 'ConfigMap: lone surrogates and NULs in the mesh configuration',
    admitted: true,
    make: () => mesh(`rootNamespace: "${LONE_SURROGATE}"\ntrustDomain: a\u0000b\n`)
  }
]

export const pod = (namespace: string, name: string, labels: object, spec: object = {}, more: object = {}) =>
  named('v1', 'Pod', name, namespace, {
    metadata: { labels, ...Object(Object(more).metadata) },
    spec: { containers: [{ name: 'a', image: 'a' }], ...spec }
  })
const OF_MODEL = { 'serving.kserve.io/inferenceservice': 'sklearn-iris', component: 'predictor' }

const pods: readonly HostileInput[] = [
  {
    name: 'Pod: 10,000 containers',
    admitted: true,
    make: () =>
      pod('user1', 'hostile', OF_MODEL, {
        containers: times(10_000, i => ({ name: `c${i}`, image: 'a', ports: [{ containerPort: 1 + i }] }))
      })
  },
  {
    name: 'Pod: a proxy with 100,000 arguments',
    admitted: true,
    make: () =>
      pod('user1', 'hostile', OF_MODEL, {
        containers: [{ name: 'istio-proxy', image: 'a', args: times(100_000, i => `--a=${i}`) }]
      })
  },
  {
    name: 'Pod: 10,000 labels',
    admitted: true,
    make: () =>
      pod('user1', 'hostile', {
        ...OF_MODEL,
        ...entries(
          10_000,
          i => `istio.io/k${i}`,
          i => `v${i}`.padEnd(63, 'x')
        )
      })
  },
  {
    name: 'Pod: 120,000 excluded inbound ports',
    admitted: true,
    make: () =>
      pod(
        'user1',
        'hostile',
        OF_MODEL,
        { containers: [{ name: 'istio-proxy', image: 'a' }] },
        {
          metadata: { annotations: { 'traffic.sidecar.istio.io/excludeInboundPorts': '1,'.repeat(120_000) } }
        }
      )
  },
  {
    name: 'Pod: labels with inherited property names',
    admitted: true,
    make: () => pod('user1', 'hostile', { ...OF_MODEL, ...inherited('a') })
  }
]

/** Required fields of a webhook. */
const HOOK = { admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Ignore' }
const clientConfig = (namespace: string, name: string, port = 443) => ({ service: { namespace, name, port } })
export const webhooks = (kind: 'Mutating' | 'Validating', list: readonly object[], more: object = {}) =>
  named('admissionregistration.k8s.io/v1', `${kind}WebhookConfiguration`, 'hostile', undefined, {
    ...more,
    webhooks: list.map(one => ({ ...HOOK, ...one }))
  })

const configurations: readonly HostileInput[] = [
  {
    name: 'MutatingWebhookConfiguration: 4,000 sidecar injectors',
    admitted: true,
    make: () =>
      webhooks(
        'Mutating',
        times(4_000, i => ({
          name: `w${i}.sidecar-injector.istio.io`,
          clientConfig: clientConfig('istio-system', 'istiod'),
          namespaceSelector: { matchLabels: { [`k${i}`]: 'v' } }
        }))
      )
  },
  {
    name: 'MutatingWebhookConfiguration: a sidecar injector with 10,000 expressions',
    admitted: true,
    make: () =>
      webhooks('Mutating', [
        {
          name: 'a.sidecar-injector.istio.io',
          clientConfig: clientConfig('istio-system', 'istiod'),
          objectSelector: {
            matchExpressions: times(10_000, i => ({ key: `k${i}`, operator: 'NotIn', values: ['a', 'b'] }))
          },
          namespaceSelector: {
            matchExpressions: [
              { key: 'constructor', operator: 'Exists' },
              { key: 'a', operator: 'In', values: times(10_000, i => `v${i}`) }
            ]
          }
        }
      ])
  },
  {
    name: 'ValidatingWebhookConfiguration: 5,000 webhooks of Istio with a port each',
    admitted: true,
    make: () =>
      webhooks(
        'Validating',
        times(5_000, i => ({
          name: `w${i}.istio.io`,
          failurePolicy: 'Fail',
          clientConfig: clientConfig('istio-system', 'istiod', i + 1)
        }))
      )
  },
  {
    name: 'ValidatingWebhookConfiguration: 5,000 webhooks with a Service each',
    admitted: true,
    make: () =>
      webhooks(
        'Validating',
        times(5_000, i => ({
          name: `w${i}.istio.io`,
          failurePolicy: 'Fail',
          clientConfig: clientConfig('kserve', `s${i}`)
        }))
      )
  },
  {
    name: 'ValidatingWebhookConfiguration: webhooks are null',
    admitted: true,
    make: () => ({ ...webhooks('Validating', []), webhooks: null })
  }
]

const definition = (kind: string, conversion: object | null) =>
  named('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${kind.toLowerCase()}s.serving.kserve.io`, undefined, {
    spec: {
      group: 'serving.kserve.io',
      names: {
        kind,
        plural: `${kind.toLowerCase()}s`,
        singular: kind.toLowerCase(),
        listKind: `${kind}List`
      },
      scope: 'Namespaced',
      conversion,
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: entries(
                10_000,
                i => `p${i}`,
                i => ({ type: 'string', description: `property ${i}` })
              )
            }
          }
        }
      ]
    }
  })

const definitions: readonly HostileInput[] = [
  {
    name: 'CustomResourceDefinition: a schema of 10,000 properties',
    admitted: true,
    make: () =>
      definition('Large', {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: clientConfig('istio-system', 'istiod') }
      })
  },
  {
    name: 'CustomResourceDefinition: the conversion is null',
    admitted: true,
    make: () => definition('Small', null)
  }
]

const secrets: readonly HostileInput[] = [
  {
    name: 'Secret: 10,000 keys',
    admitted: true,
    make: () =>
      named('v1', 'Secret', 'large', 'user1', {
        data: entries(
          10_000,
          i => `key${i}`,
          () => ''
        )
      })
  },
  { name: 'Secret: data is null', admitted: true, make: () => named('v1', 'Secret', 'small', 'user1', { data: null }) }
]

/** Hostile inputs of Kubernetes kinds. */
export const CORE: readonly HostileInput[] = [
  ...namespaces,
  ...services,
  ...slices,
  ...maps,
  ...pods,
  ...configurations,
  ...definitions,
  ...secrets
]
