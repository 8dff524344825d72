import t from 'tap'
import { reduceLabels } from '../../src/subject/labels.ts'
import { namespaceForm } from '../../src/subject/namespace-form.ts'
import { NO_OBJECTS } from '../../src/subject/own-objects.ts'
import { SubjectView } from '../../src/subject/subject-view.ts'
import { subjectsOf } from '../../src/subject/subjects.ts'
import { stockWith } from '../support/snapshot.ts'

const object = (apiVersion: string, kind: string, name: string, labels: string, body: string) => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: { namespace: user9, name: ${name}, labels: ${labels} }
${body}
`
const model = (name: string) =>
  object('serving.kserve.io/v1beta1', 'InferenceService', name, '{}', 'spec: { predictor: {} }')
const pod = (name: string, labels: string, proxy = 'server') =>
  object('v1', 'Pod', name, labels, `spec: { containers: [{ name: ${proxy} }] }`)
const service = (name: string, selector: string) =>
  object('v1', 'Service', name, '{}', `spec: { selector: ${selector} }`)
const route = (name: string, host: string) =>
  object('networking.istio.io/v1', 'VirtualService', name, '{}', `spec: { hosts: ["${host}"] }`)
const slice = (name: string, target: string) =>
  object(
    'discovery.k8s.io/v1',
    'EndpointSlice',
    name,
    `{ kubernetes.io/service-name: ${name} }`,
    `endpoints: [{ addresses: [10.0.0.1], targetRef: { kind: Pod, name: ${target} } }]`
  )
const plainSlice = (name: string, endpoint: string) =>
  object('discovery.k8s.io/v1', 'EndpointSlice', name, '{}', `endpoints: [{ addresses: ${endpoint} }]`)
const addressed = (name: string, labels: string, ip: string) => `${pod(name, labels)}status: { podIP: ${ip} }\n`
const OF_A = '{ serving.kserve.io/inferenceservice: a }'
const OF_B = '{ serving.kserve.io/inferenceservice: b, app: x }'

/** Names that the evaluation of the models a and b sees. */
function seen(...objects: readonly string[]) {
  const state = stockWith([model('a'), model('b'), ...objects].join('---'))
  const { byNamespace, words } = subjectsOf(state)
  const own = byNamespace.get('user9') ?? NO_OBJECTS
  const namesOf = (name: string) => {
    const [found] = state.list('InferenceService', 'user9').filter(one => one.name === name)
    if (found === undefined) return []
    const view = new SubjectView(state, { model: found, objects: own.byModel.get(name) ?? [] }, own, words)
    const kinds = ['Pod', 'Service', 'EndpointSlice', 'VirtualService'] as const
    return kinds.flatMap(kind => view.list(kind, 'user9').map(one => one.name))
  }
  return [namesOf('a'), namesOf('b')]
}

for (const [name, objects, expected] of [
  ['a pod by its label, not its name', [pod('b-0', OF_A)], [['b-0'], []]],
  ['objects named after a model', [service('a-x', '{}'), service('b', '{}')], [['a-x'], ['b']]],
  [
    'objects of no model',
    [service('x', '{}'), pod('y', '{}')],
    [
      ['y', 'x'],
      ['y', 'x']
    ]
  ],
  ['a Service that may select pods of other models', [service('a-x', '{ app: x }')], [['a-x'], ['a-x']]],
  [
    'a Service for the pods of another model',
    [service('a-x', '{ serving.kserve.io/inferenceservice: a, app: x }')],
    [['a-x'], []]
  ],
  [
    'pods that the own Service selects',
    [service('a-x', '{ app: x }'), pod('b-0', OF_B)],
    [
      ['b-0', 'a-x'],
      ['b-0', 'a-x']
    ]
  ],
  [
    'a Service of another model that selects the own pods',
    [pod('a-0', OF_A), service('b-x', OF_A)],
    [
      ['a-0', 'b-x'],
      ['a-0', 'b-x']
    ]
  ],
  [
    'pods and slices of a Service that selects pods of both',
    [pod('a-0', OF_A.replace(' }', ', app: x }')), pod('b-0', OF_B), service('b-x', '{ app: x }'), slice('b-x', 'b-0')],
    [
      ['a-0', 'b-0', 'b-x', 'b-x'],
      ['a-0', 'b-0', 'b-x', 'b-x']
    ]
  ],
  ['pods in the own slices', [service('a', '{}'), slice('a', 'b-0'), pod('b-0', OF_B)], [['b-0', 'a', 'a'], ['b-0']]],
  [
    'a slice without the name of its Service',
    [service('a', '{}'), plainSlice('a-1', '[10.0.0.1]'), addressed('b-0', OF_B, '10.0.0.1')],
    [['b-0', 'a', 'a-1'], ['b-0']]
  ],
  ['a slice whose pod has no name', [plainSlice('a-1', '[10.0.0.1], targetRef: { kind: Pod }')], [['a-1'], []]],
  ['a route for the own host', [route('a-mesh', 'a.user9.svc.cluster.local')], [['a-mesh'], []]],
  ['a route for hosts of other models', [route('a-mesh', 'a.example.com')], [['a-mesh'], ['a-mesh']]],
  ['the first pod with a sidecar', [pod('a-0', OF_A, 'istio-proxy')], [['a-0', 'a-0'], ['a-0']]]
] as const) {
  t.test(`models see: ${name}`, async t => {
    t.same(seen(...objects), expected)
  })
}

t.test('labels that nothing reads or matches do not exist', async t => {
  const reduced = reduceLabels(
    {
      'serving.knative.dev/configurationGeneration': '3',
      'internal.serving.kserve.io/source': 's3://x',
      'sidecar.istio.io/inject': 'true',
      app: 'a-predictor',
      component: 'predictor',
      team: 'blue',
      owner: 'x'
    },
    { name: 'a', words: { hasValue: text => text === 'team' }, selected: new Set() }
  )
  t.same(reduced, { 'sidecar.istio.io/inject': 'true', app: 'a-predictor', component: 'predictor', team: '?' })
  const other = reduceLabels({ app: 'c' }, { name: 'a', words: { hasValue: () => false }, selected: new Set() })
  t.same(other, { app: '?' })
})

t.test('namespaces whose pods have sidecars and others have different forms', async t => {
  const formOf = (proxy: string) => {
    const state = stockWith([model('a'), pod('a-0', OF_A, proxy)].join('---'))
    const { byNamespace, words } = subjectsOf(state)
    return namespaceForm(state, 'user9', byNamespace.get('user9') ?? NO_OBJECTS, words)
  }
  t.not(formOf('server'), formOf('istio-proxy'))
})

/** VirtualService of a gateway that sends requests to model b. */
const OWN = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user9, name: b-own }
spec:
  hosts: [b.user9.example.org]
  gateways: [istio-system/public]
  http: [{ route: [{ destination: { host: b.user9.svc.cluster.local } }] }]
`

t.test('routes of other models are not seen by their hosts', async t => {
  const state = stockWith([model('a'), model('b'), route('b-mesh', 'b.user9.svc.cluster.local'), OWN].join('---'))
  const { byNamespace, words } = subjectsOf(state)
  const own = byNamespace.get('user9') ?? NO_OBJECTS
  const routesFor = (name: string) => {
    const [found] = state.list('InferenceService', 'user9').filter(one => one.name === name)
    if (found === undefined) throw new Error(name)
    const view = new SubjectView(state, { model: found, objects: own.byModel.get(name) ?? [] }, own, words)
    return [
      ...view.virtualServicesFor('b.user9.svc.cluster.local'),
      ...view.virtualServicesTo('b.user9.svc.cluster.local')
    ].map(one => one.name)
  }
  t.same(routesFor('a'), [])
  t.same(routesFor('b'), ['b-mesh', 'b-own'])
})
