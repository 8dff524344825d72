import t from 'tap'
import { meshOf } from '../../src/istio/mesh.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'
import { stateOf } from '../support/snapshot.ts'

const DEFAULTS = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  authorizers: [],
  ingressGateway: 'ingressgateway',
  autoMtls: true,
  destinationRuleExportTo: ['*'],
  virtualServiceExportTo: ['*'],
  serviceExportTo: ['*'],
  registryOnly: false,
  trustsProxies: false,
  enablesHbone: false
}
const config = (name: string, mesh: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: ${name} }
data: { mesh: ${JSON.stringify(mesh)} }
`

t.test('MeshConfig is read from ConfigMap istio or istio-<revision>', async t => {
  const full = 'rootNamespace: root\ntrustDomain: td\nenableAutoMtls: false\ndefaultDestinationRuleExportTo: ["."]'
  for (const [name, yaml, expected] of [
    ['no ConfigMap', '', DEFAULTS],
    ['empty MeshConfig', config('istio', ''), DEFAULTS],
    [
      'all fields',
      config('istio', full),
      { ...DEFAULTS, rootNamespace: 'root', trustDomain: 'td', autoMtls: false, destinationRuleExportTo: ['.'] }
    ],
    [
      'defaults of visibility and outbound traffic',
      config(
        'istio',
        'defaultVirtualServiceExportTo: ["."]\ndefaultServiceExportTo: [user1]\noutboundTrafficPolicy: { mode: REGISTRY_ONLY }'
      ),
      { ...DEFAULTS, virtualServiceExportTo: ['.'], serviceExportTo: ['user1'], registryOnly: true }
    ],
    [
      'trust domain aliases',
      config('istio', 'trustDomainAliases: [old]'),
      { ...DEFAULTS, trustDomainAliases: ['old'] }
    ],
    [
      'selector of the ingress gateway',
      config('istio', 'ingressSelector: edge\ningressService: other'),
      { ...DEFAULTS, ingressGateway: 'edge' }
    ],
    [
      'Service of the ingress gateway',
      config('istio', 'ingressService: edge'),
      { ...DEFAULTS, ingressGateway: 'edge' }
    ],
    ['default Service of the ingress gateway', config('istio', 'ingressService: istio-ingressgateway'), DEFAULTS],
    [
      'extension providers',
      config(
        'istio',
        'extensionProviders: [{ name: http, envoyExtAuthzHttp: {} }, { name: grpc, envoyExtAuthzGrpc: {} }, { name: traces }]'
      ),
      { ...DEFAULTS, authorizers: ['http', 'grpc'] }
    ],
    [
      'trusted proxies',
      config('istio', 'defaultConfig: { gatewayTopology: { numTrustedProxies: 1 } }'),
      { ...DEFAULTS, trustsProxies: true }
    ],
    ['no trusted proxies', config('istio', 'defaultConfig: { gatewayTopology: {} }'), DEFAULTS],
    ['no topology of gateways', config('istio', 'defaultConfig: {}'), DEFAULTS],
    [
      'sidecars that accept HBONE',
      config('istio', 'defaultConfig: { proxyMetadata: { ISTIO_META_ENABLE_HBONE: "true" } }'),
      { ...DEFAULTS, enablesHbone: true }
    ],
    ['ConfigMap of a revision', config('istio-canary', 'trustDomain: td'), { ...DEFAULTS, trustDomain: 'td' }],
    ['another ConfigMap', config('istiod', 'trustDomain: td'), DEFAULTS],
    ['invalid YAML', config('istio', '{'), DEFAULTS],
    ['wrong types', config('istio', 'enableAutoMtls: "no"'), DEFAULTS]
  ] as const) {
    t.same(meshOf(stateOf(yaml)), expected, name)
  }
})

t.test('configured settings take precedence over MeshConfig', async t => {
  const settings = { ...DEFAULT_SETTINGS, rootNamespace: 'mine', trustDomain: 'mine.example' }
  t.match(meshOf(stateOf(config('istio', 'rootNamespace: root'), settings)), {
    rootNamespace: 'mine',
    trustDomain: 'mine.example'
  })
})
