import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { proveFixes } from '../../src/engine/fix-proof.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { unpublishedPaths } from '../../src/engine/unpublished.ts'
import { pathsOf } from '../../src/request/inference-service-paths.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { configMap, gateway, kserveConfig, model, pod, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

/** Creates the object, or updates the one of the same name. */
function toChange(state: Snapshot, yaml: string): Change {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  return before === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before, after }
}

/** Decision, then each finding with its object, field and message. */
function decided(given: string, changed: string): readonly string[] {
  const state = stockWith(given)
  const { decision, findings } = decide(state, toChange(state, changed), RULES, DEFAULT_POLICY)
  return [
    decision,
    ...findings.map(
      ({ rule, object, field, message }) =>
        `${rule} ${object.kind} ${object.namespace}/${object.name} ${field}: ${message}`
    )
  ]
}

const domains = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-domain', data)
const template = (text: string) => configMap('knative-serving', 'config-network', { 'domain-template': text })
const LOCAL = {
  localGateway: 'knative-serving/knative-local-gateway',
  localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local'
}
type Ingress = Parameters<typeof kserveConfig>[0]
const kserve = (ingress: Ingress) => kserveConfig({ ...LOCAL, ...ingress })
const STATUS = 'status: { url: "http://new.user1.example.com" }\n'
const created = ', creationTimestamp: "2026-01-01T00:00:00Z"'
const existing = (labels = '', status = '', annotations = '') =>
  `${model(`${created}, labels: { ${labels} }, annotations: { ${annotations} }`)}${status}`
const STANDARD = 'serving.kserve.io/deploymentMode: Standard'
const standard = (labels = '') => existing(labels, '', STANDARD)
const ROUTED = { enableGatewayApi: true, kserveIngressGateway: 'kserve/public' }
const PROXY = pod('kserve', 'proxy', 'gateway.networking.k8s.io/gateway-name: public', 'router')

const DOMAIN = 'address-not-published ConfigMap knative-serving/config-domain data'
const TEMPLATE = 'address-not-published ConfigMap knative-serving/config-network data.domain-template'
const KSERVE = 'address-not-published ConfigMap kserve/inferenceservice-config data.ingress'
const MODEL = 'address-not-published InferenceService user1/new'

for (const [title, given, changed, expected] of [
  [
    'domain of Knative',
    existing(),
    domains({ 'example.org': '' }),
    ['deny', `${DOMAIN}: new.user1.example.com is not published any more: config-domain selects example.org`]
  ],
  [
    'domain of Knative, with the URL in the status',
    existing('', STATUS),
    domains({ 'example.org': '' }),
    ['deny', `${DOMAIN}: new.user1.example.com is not published any more: config-domain selects example.org`]
  ],
  [
    'no domain',
    existing(),
    domains({ 'svc.cluster.local': '' }),
    ['deny', `${DOMAIN}: new.user1.example.com is not published any more: config-domain sets no external domain`]
  ],
  [
    'domain for the labels of the model',
    existing('team: blue'),
    domains({ 'example.com': '', 'blue.example.com': 'selector: { team: blue }' }),
    ['deny', `${DOMAIN}: new.user1.example.com is not published any more: config-domain selects blue.example.com`]
  ],
  [
    'domain for other labels',
    existing(),
    domains({ 'example.com': '', 'b.example.com': 'selector: { a: b }' }),
    ['allow']
  ],
  ['domain in another form', existing(), domains({ 'example.com': '{}\n', _example: 'x' }), ['allow']],
  [
    'domain-template',
    existing(),
    template('{{.Name}}-{{.Namespace}}.{{.Domain}}'),
    [
      'deny',
      `${TEMPLATE}: new.user1.example.com is not published any more: domain-template makes it new-user1.example.com`
    ]
  ],
  ['domain-template in another form', existing(), template('{{ .Name }}.{{.Namespace }}.{{.Domain}}'), ['allow']],
  ['domain-template that is not modeled', existing(), template('{{if .Labels}}a{{end}}.{{.Domain}}'), ['warn']],
  [
    'former domain among the additional ones',
    together(existing(), kserve({ additionalIngressDomains: ['example.com'] })),
    domains({ 'example.org': '' }),
    ['allow']
  ],
  [
    'additional domain removed',
    together(existing(), kserve({ additionalIngressDomains: ['example.net'] })),
    kserve({}),
    ['deny', `${KSERVE}: new.user1.example.net is not published any more: additionalIngressDomains omits example.net`]
  ],
  [
    'pathTemplate removed',
    together(existing(), kserve({ ingressDomain: 'example.com', pathTemplate: '/{{ .Namespace }}/{{ .Name }}/' })),
    kserve({}),
    ['deny', `${KSERVE}: example.com/user1/new is not published any more: pathTemplate is not set`]
  ],
  [
    'pathTemplate changed',
    together(existing(), kserve({ ingressDomain: 'example.com', pathTemplate: '/{{ .Namespace }}/{{ .Name }}' })),
    kserve({ ingressDomain: 'example.com', pathTemplate: '/models/{{ .Name }}' }),
    ['deny', `${KSERVE}: example.com/user1/new is not published any more: pathTemplate makes it example.com/models/new`]
  ],
  ['ingressDomain is only for Standard mode', existing(), kserve({ ingressDomain: 'example.org' }), ['allow']],
  ['top-level VirtualService off', existing(), kserve({ disableIstioVirtualHost: true }), ['allow']],
  [
    'no external Gateway of Knative',
    together(existing(), kserve({ disableIstioVirtualHost: true })),
    configMap('knative-serving', 'config-istio', { 'external-gateways': '[]' }),
    [
      'deny',
      'address-not-published ConfigMap knative-serving/config-istio data.external-gateways: new-predictor.user1.example.com is not published any more: config-istio lists no external Gateway'
    ]
  ],
  [
    'visibility label of the owner',
    existing(),
    existing('networking.knative.dev/visibility: cluster-local'),
    [
      'warn',
      `${MODEL} metadata.labels[networking.knative.dev/visibility]: new.user1.example.com is not published any more: its visibility is cluster-local`
    ]
  ],
  [
    'label of the owner that selects another domain',
    together(existing(), domains({ 'example.com': '', 'blue.example.com': 'selector: { team: blue }' })),
    existing('team: blue'),
    [
      'warn',
      `${MODEL} metadata: new.user1.example.com is not published any more: the model is published as new.user1.blue.example.com`
    ]
  ],
  [
    'owner without a label selector: another Service name',
    existing(),
    model(created, 'predictor: { name: v2, model: { modelFormat: { name: sklearn } } }'),
    [
      'warn',
      `${MODEL} metadata: new.user1.example.com is not published any more: the model is published as new-v2.user1.example.com`
    ]
  ],
  [
    'additional domain and domain-template',
    together(existing(), kserve({ additionalIngressDomains: ['example.net'] })),
    template('{{.Name}}-{{.Namespace}}.{{.Domain}}'),
    [
      'deny',
      `${TEMPLATE}: new.user1.example.com is not published any more: domain-template makes it new-user1.example.com`
    ]
  ],
  ['status of the first publication', existing(), existing('', STATUS), ['allow']],
  [
    'domain of an Ingress',
    standard(),
    kserve({ ingressDomain: 'example.org' }),
    ['deny', `${KSERVE}: new-user1.example.com is not published any more: ingressDomain is example.org`]
  ],
  [
    'domainTemplate of an Ingress',
    standard(),
    kserve({ domainTemplate: '{{ .Name }}.{{ .Namespace }}.{{ .IngressDomain }}' }),
    [
      'deny',
      `${KSERVE}: new-user1.example.com is not published any more: domainTemplate makes it new.user1.example.com`
    ]
  ],
  [
    'Ingress creation disabled',
    standard(),
    kserve({ disableIngressCreation: true }),
    ['deny', `${KSERVE}: new-user1.example.com is not published any more: disableIngressCreation is true`]
  ],
  [
    'domain of an HTTPRoute',
    together(standard(), PROXY, kserve(ROUTED)),
    kserve({ ...ROUTED, ingressDomain: 'example.org' }),
    ['deny', `${KSERVE}: new-user1.example.com is not published any more: ingressDomain is example.org`]
  ],
  [
    'former domain of an HTTPRoute among the additional ones',
    together(standard(), PROXY, kserve(ROUTED)),
    kserve({ ...ROUTED, ingressDomain: 'example.org', additionalIngressDomains: ['example.com'] }),
    ['allow']
  ],
  ['Ingress replaced by an HTTPRoute for the same host', together(standard(), PROXY), kserve(ROUTED), ['warn']]
] as const) {
  t.test(`an address that is not published any more is blocked: ${title}`, async t => {
    const lines = decided(given, changed)
    t.same(lines, expected)
    for (const line of lines.filter(one => one.startsWith('address'))) {
      t.ok(line.slice(line.indexOf(': ') + 2).length <= 120, `message of at most 120 characters: ${line}`)
    }
  })
}

t.test('an address that no caller uses or that stays published is not blocked', async t => {
  const lostIn = (given: string, changed: string | Change) => {
    const state = stockWith(given)
    const change = typeof changed === 'string' ? toChange(state, changed) : changed
    const { findings } = decide(state, change, RULES, DEFAULT_POLICY)
    return findings
      .filter(({ rule }) => rule === 'address-not-published')
      .flatMap(({ blocked }) => blocked.map(({ inferenceService }) => inferenceService))
  }
  const organization = domains({ 'example.org': '' })
  t.same(lostIn(existing('', STATUS), organization), ['user1/new', 'user1/sklearn-iris', 'user1/sklearn-iris-burst'])
  t.same(
    lostIn(together(existing('', STATUS), organization), domains({ 'example.com': '' })),
    ['user1/sklearn-iris', 'user1/sklearn-iris-burst'],
    'the status still has the address that is published again'
  )
  const rejected = kserveConfig({ enableGatewayApi: true })
  const additional = kserve({ additionalIngressDomains: ['example.net'] })
  t.same(lostIn(together(existing(), additional), rejected), [], 'KServe rejects the configuration')
  const before = stockWith().get('ConfigMap', 'knative-serving', 'config-domain')
  if (before === undefined) throw new Error('no config-domain')
  t.same(lostIn(existing(), { operation: 'DELETE', before }), [], 'Knative keeps the domains of a deleted ConfigMap')
  t.same(lostIn(existing(), standard()), [], 'KServe rejects another deployment mode of an existing model')
})

t.test('a model that did not exist before has no former address', async t => {
  const state = stockWith(existing())
  const service = state.get('InferenceService', 'user1', 'new')
  if (service === undefined) throw new Error('no model')
  const before = { snapshot: stockWith(), paths: pathsOf(state, service) }
  t.same(unpublishedPaths(before, { snapshot: state, paths: [] }, service), [])
  t.same(unpublishedPaths(before, { snapshot: state, paths: [] }, undefined), [], 'paths of a control plane')
})

t.test('a further address that is blocked from the start is not reported for existing models', async t => {
  const served = gateway(
    'knative-ingress-gateway',
    '{ port: { number: 80, protocol: HTTP, name: http }, hosts: ["*.example.com"] }'
  )
  const additional = kserve({ additionalIngressDomains: ['example.net'] })
  t.same(decided(together(existing(), served, kserve({})), additional), ['allow'])
  const [decision, finding = ''] = decided(together(served, additional), model(''))
  t.same([decision, finding.split(' ', 1)], ['warn', ['gateway-route-missing']], 'new model')
})

t.test('the fix keeps the former address as one of an additional domain', async t => {
  for (const [title, given, changed] of [
    ['domain of Knative', together(existing(), kserve({})), domains({ 'example.org': '' })],
    [
      'domain of an HTTPRoute',
      together(standard(), PROXY, kserve(ROUTED)),
      kserve({ ...ROUTED, ingressDomain: 'a.org' })
    ]
  ] as const) {
    const state = stockWith(given)
    const change = toChange(state, changed)
    const { decision, findings } = decide(state, change, RULES, DEFAULT_POLICY)
    t.equal(decision, 'deny', title)
    const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource }
    t.same(proveFixes(state, change, findings, context), { is: 'good', grants: [] }, title)
  }
})
