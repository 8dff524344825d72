import t from 'tap'
import { addressPattern } from '../../src/kserve/public-address.ts'
import { publicationOf } from '../../src/kserve/publication.ts'
import { configMap, kserveConfig, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const model = (name: string, namespace: string, mode: string, more = '') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  namespace: ${namespace}
  name: ${name}
  labels: { tier: gold }
  annotations: { serving.kserve.io/deploymentMode: ${mode} }
spec: { ${more || 'predictor: {}'} }
`
const status = (url: string) => `status: { url: "${url}" }\n`
const template = (text: string) => configMap('knative-serving', 'config-network', { 'domain-template': text })
const DOMAINS = configMap('knative-serving', 'config-domain', { 'example.com': '' })
const ROUTED = { enableGatewayApi: true, kserveIngressGateway: 'kserve/public' }

/** Addresses of the only model, or the reason why they are unknown or absent. */
function published(...objects: readonly string[]): unknown {
  const state = stateOf(together(...objects))
  const [service] = state.list('InferenceService')
  if (service === undefined) throw new Error('no model')
  const { addresses, absent, unknownReason } = publicationOf(state, service)
  return absent?.reason ?? unknownReason ?? addresses.map(({ name, host, path }) => `${name} ${host}${path}`)
}

t.test('a model has the addresses that KServe and Knative publish, and the one of its status', async t => {
  const knative = model('iris', 'user1', 'Knative')
  const standard = model('iris', 'user1', 'Standard')
  for (const [title, objects, expected] of [
    ['Knative', [DOMAINS, knative], ['address iris.user1.example.com']],
    [
      'transformer',
      [DOMAINS, model('iris', 'user1', 'Knative', 'predictor: {}, transformer: {}')],
      ['address iris.user1.example.com']
    ],
    [
      'predictor.name',
      [DOMAINS, model('iris', 'user1', 'Knative', 'predictor: { name: v2 }')],
      ['address iris-v2.user1.example.com']
    ],
    [
      'namespace that KServe takes for the suffix of an older Service name',
      [DOMAINS, model('iris', 'default', 'Knative'), template('{{.Name}}-{{.Namespace}}.{{.Domain}}')],
      ['address iris.example.com']
    ],
    [
      'host without the domain',
      [DOMAINS, knative, template('models.test'), kserveConfig({ additionalIngressDomains: ['a.org'] })],
      ['address models.test']
    ],
    [
      'additional domains',
      [DOMAINS, knative, kserveConfig({ additionalIngressDomains: ['a.org', 'a.org', 'example.com', 'not a domain'] })],
      ['address iris.user1.example.com', 'additional domain a.org iris.user1.a.org']
    ],
    [
      'path',
      [DOMAINS, knative, kserveConfig({ pathTemplate: '/{{ .Namespace }}/{{ .Name }}/', ingressDomain: 'a.org' })],
      ['address iris.user1.example.com', 'pathTemplate a.org/user1/iris']
    ],
    [
      'path template that is not modeled',
      [DOMAINS, knative, kserveConfig({ pathTemplate: '/{{ len .Name }}', ingressDomain: 'a.org' })],
      ['address iris.user1.example.com']
    ],
    [
      'component only',
      [DOMAINS, knative, kserveConfig({ disableIstioVirtualHost: true })],
      ['address iris-predictor.user1.example.com']
    ],
    [
      'label of the component',
      [
        DOMAINS,
        model('iris', 'user1', 'Knative', 'predictor: { labels: { networking.knative.dev/visibility: cluster-local } }')
      ],
      'its visibility is cluster-local'
    ],
    ['Standard', [kserveConfig({}), standard], ['address iris-user1.example.com']],
    [
      'labels and annotations of the model',
      [kserveConfig({ domainTemplate: '{{ .Name }}.{{ index .Labels "tier" }}.{{ .IngressDomain }}' }), standard],
      ['address iris.gold.example.com']
    ],
    [
      'domainTemplate that is not modeled',
      [kserveConfig({ domainTemplate: '{{ if .Labels }}a{{ end }}' }), standard],
      'domainTemplate of KServe is not modeled or names no host'
    ],
    [
      'domainTemplate without a host',
      [kserveConfig({ domainTemplate: '{{ index .Labels "x" }}.{{ .IngressDomain }}' }), standard],
      'domainTemplate of KServe is not modeled or names no host'
    ],
    [
      'Ingress without additional domains and paths',
      [
        kserveConfig({ additionalIngressDomains: ['a.org'], pathTemplate: '/a', ingressDomain: 'example.com' }),
        standard
      ],
      ['address iris-user1.example.com']
    ],
    [
      'HTTPRoute',
      [kserveConfig({ ...ROUTED, additionalIngressDomains: ['a.org'] }), standard],
      ['address iris-user1.example.com', 'additional domain a.org iris-user1.a.org']
    ],
    [
      'status without configuration',
      [`${knative}${status('https://iris.apps.corp:8443/v1')}`],
      ['address iris.apps.corp']
    ],
    [
      'status with a template that is not modeled',
      [DOMAINS, template('{{if .Labels}}a{{end}}'), `${knative}${status('http://iris.apps.corp')}`],
      ['address iris.apps.corp']
    ],
    [
      'status with another address',
      [DOMAINS, `${knative}${status('http://iris.apps.corp')}`],
      ['address iris.user1.example.com', 'status.url iris.apps.corp']
    ],
    [
      'status in the cluster',
      [DOMAINS, `${knative}${status('http://iris.user1.svc.cluster.local')}`],
      ['address iris.user1.example.com']
    ],
    ['no predictor', [DOMAINS, model('iris', 'user1', 'Knative', 'explainer: {}')], []],
    ['ModelMesh', [DOMAINS, model('iris', 'user1', 'ModelMesh')], []]
  ] as const) {
    t.same(published(...objects), expected, title)
  }
})

t.test('addresses that differ only in the names of the models have equal patterns', async t => {
  const patternOf = (name: string, namespace: string) => {
    const state = stateOf(together(DOMAINS, model(name, namespace, 'Knative')))
    const [service] = state.list('InferenceService')
    return service && publicationOf(state, service).addresses.map(one => addressPattern(service, one))
  }
  t.same(patternOf('iris', 'user1'), ['@.%.example.com'])
  t.same(patternOf('user1', 'user1'), patternOf('iris', 'a'))
})
