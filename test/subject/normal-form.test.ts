import t from 'tap'
import { Counts } from '../../src/subject/counts.ts'
import { namespaceForm } from '../../src/subject/namespace-form.ts'
import { formOf, isReshaped } from '../../src/subject/normal-form.ts'
import { NO_OBJECTS } from '../../src/subject/own-objects.ts'
import { subjectsOf } from '../../src/subject/subjects.ts'
import { networkPolicy } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const model = (name: string, predictor = '') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user2, name: ${name} }
spec: { predictor: { model: { modelFormat: { name: sklearn } } ${predictor} } }
`
const service = (name: string, spec: string, annotations = '{}') => `
apiVersion: v1
kind: Service
metadata: { namespace: user2, name: ${name}, annotations: ${annotations} }
spec: ${spec}
`
const alias = (host: string) => `{ type: ExternalName, externalName: ${host}.user2.svc.cluster.local }`
const port = (name: string) => `{ ports: [{ name: ${name}, port: 80 }] }`
const pod = (model: string, annotations = '{}') => `
apiVersion: v1
kind: Pod
metadata:
  namespace: user2
  name: ${model}
  labels: { serving.kserve.io/inferenceservice: ${model}, component: predictor }
  annotations: ${annotations}
spec: { containers: [{ name: istio-proxy, args: [proxy, sidecar] }] }
`
const selecting = (kind: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { namespace: user2, name: policy }
spec: { selector: { matchLabels: { serving.kserve.io/inferenceservice: a } } ${spec} }
`
const virtualService = (name: string, spec: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user2, name: ${name} }
spec: ${spec}
`
const root = (name: string) =>
  virtualService(`root-${name}`, `{ hosts: [${name}], http: [{ delegate: { name: leaf-${name} } }] }`)
const delegate = (name: string, path: string) =>
  virtualService(`leaf-${name}`, `{ http: [{ match: [{ uri: { prefix: ${path} } }], redirect: {} }] }`)
const sidecar = (host: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user1, name: default }
spec: { egress: [{ hosts: ["*/${host}.user2.svc.cluster.local"] }] }
`

const addressed = (model: string, podIP: string) => `${pod(model)}status: { podIP: ${podIP} }\n`
const TWINS = [model('a'), model('b'), addressed('a', '10.0.0.1'), addressed('b', '10.0.0.2')]
const of = (model: string) => `{ podSelector: { matchLabels: { serving.kserve.io/inferenceservice: ${model} } } }`
const toPeers = (peer: string) =>
  networkPolicy(`{ policyTypes: [Egress], egress: [{ to: [${peer}] }] }`, 'istio-system')

const slice = (model: string, endpoint: string) => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: user2, name: ${model}-x, labels: { kubernetes.io/service-name: ${model}-predictor } }
endpoints: [${endpoint}]
`
const SERVICES = ['a', 'b'].map(name => service(`${name}-predictor`, port('http')))

for (const [name, objects, isEqual] of [
  ['equal models', [model('a'), model('b')], true],
  [
    'Services with an alias of their own component',
    [model('a'), model('b'), service('a', alias('a-predictor')), service('b', alias('b-predictor'))],
    true
  ],
  [
    'Services with one alias',
    [model('a'), model('b'), service('a', alias('a-predictor')), service('b', alias('a-predictor'))],
    false
  ],
  [
    'an annotation of one component that KServe does not propagate',
    [model('a'), model('b', ', annotations: { autoscaling.knative.dev/min-scale: "1" }')],
    false
  ],
  [
    'routes that name a model and are not named after it',
    [model('a'), model('b'), ...['a', 'b'].flatMap(name => [root(name), delegate(name, '/v1')])],
    false
  ],
  [
    'other routes of a delegate',
    [
      model('a'),
      model('b'),
      ...['a', 'b'].flatMap(name => [root(name), delegate(name, `/${name === 'a' ? 'v1' : 'v2'}`)])
    ],
    false
  ],
  [
    'a VirtualService for the gateway that matches the host of one',
    [
      model('a'),
      model('b'),
      virtualService(
        'gateway',
        '{ hosts: [knative-local-gateway.istio-system.svc.cluster.local], http: [{ match: [{ authority: { prefix: a.user2 } }], redirect: {} }] }'
      )
    ],
    false
  ],
  [
    'Services with an alias of another Service',
    [model('a'), model('b'), service('a', alias('c')), service('b', alias('c')), service('c', port('http'))],
    true
  ],
  [
    'slices with the addresses of the own pods',
    [...TWINS, ...SERVICES, slice('a', '{ addresses: [10.0.0.1] }'), slice('b', '{ addresses: [10.0.0.2] }')],
    true
  ],
  [
    'slices of which one has the pod of the other model',
    [...TWINS, ...SERVICES, slice('a', '{ addresses: [10.0.0.2] }'), slice('b', '{ addresses: [10.0.0.2] }')],
    false
  ],
  [
    'revisions by the order in which they get requests',
    ['a', 'b'].map(
      (name, i) =>
        `${model(name)}status: { components: { predictor: { latestReadyRevision: ${name}-predictor-0000${i + 2} } } }\n`
    ),
    true
  ],
  ['a Service of only one', [model('a'), model('b'), service('a-predictor', port('http'))], false],
  [
    'Service ports of another protocol',
    [model('a'), model('b'), service('a-predictor', port('http')), service('b-predictor', port('tcp'))],
    false
  ],
  [
    'a Service that is not exported',
    [
      model('a'),
      model('b'),
      service('a-predictor', port('http')),
      service('b-predictor', port('http'), '{ networking.istio.io/exportTo: . }')
    ],
    false
  ],
  ['a Sidecar with the host of one', [model('a'), model('b'), sidecar('a-predictor')], false],
  [
    'pods of which one excludes an inbound port',
    [
      ...['a', 'b'].map(name => model(name)),
      pod('a', '{ traffic.sidecar.istio.io/excludeInboundPorts: "8080" }'),
      pod('b')
    ],
    false
  ],
  ...['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'].map(
    kind => [`${kind} that selects one`, [model('a'), model('b'), selecting(kind, '')], false] as const
  ),
  ['NetworkPolicy that selects one', [...TWINS, networkPolicy(of('a'), 'user2')], false],
  ['NetworkPolicy that selects none', [...TWINS, networkPolicy('{ podSelector: { matchLabels: { app: c } } }')], true],
  [
    'NetworkPolicy that selects by a label that both have',
    [...TWINS, networkPolicy('{ podSelector: { matchExpressions: [{ key: x, operator: Exists }] } }', 'user2')].map(
      one => one.replace('component: predictor', 'component: predictor, x: y')
    ),
    true
  ],
  [
    'NetworkPolicy that selects by whether a label exists',
    [...TWINS, networkPolicy('{ podSelector: { matchExpressions: [{ key: x, operator: Exists }] } }', 'user2')].map(
      one => one.replace('a, component: predictor', 'a, component: predictor, x: y')
    ),
    false
  ],
  [
    'NetworkPolicy with a label of other pods',
    [...TWINS, toPeers('{ podSelector: { matchLabels: { app: c } } }')],
    true
  ],
  ['NetworkPolicy with the labels of one', [...TWINS, toPeers(`{ namespaceSelector: {}, ${of('a').slice(1)}`)], false],
  ['NetworkPolicy with the address of one', [...TWINS, toPeers('{ ipBlock: { cidr: 10.0.0.1/32 } }')], false],
  [
    'NetworkPolicy with an exception for the address of one',
    [...TWINS, toPeers('{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.1/32] } }')],
    false
  ],
  ['NetworkPolicy with the addresses of both', [...TWINS, toPeers('{ ipBlock: { cidr: 10.0.0.0/24 } }')], true],
  ['NetworkPolicy with every address', [...TWINS, toPeers('{ ipBlock: { cidr: 0.0.0.0/0 } }')], true],
  [
    'NetworkPolicy with the addresses of both, two pods of one',
    [
      ...TWINS,
      toPeers('{ ipBlock: { cidr: 10.0.0.0/24 } }'),
      addressed('a', '10.0.0.1').replace('name: a', 'name: a2')
    ],
    false
  ],
  [
    'names of ports',
    [
      ...TWINS,
      addressed('b', '10.0.0.2').replace('sidecar] }', 'sidecar] }, { ports: [{ name: x, containerPort: 1 }] }')
    ],
    false
  ],
  [
    'pods of which one uses the network of its node',
    [
      ...['a', 'b'].map(name => model(name)),
      pod('a', '{ sidecar.istio.io/status: "{}" }'),
      pod('b', '{ sidecar.istio.io/status: "{}" }').replace('spec: {', 'spec: { hostNetwork: true,')
    ],
    false
  ],
  ['a field of the spec', [model('a'), model('b', ', maxReplicas: 3')], false]
] as const) {
  t.test(`${name}: ${isEqual ? 'equal' : 'different'} normal forms`, async t => {
    const state = stockWith(objects.join('---'))
    const { byNamespace, words } = subjectsOf(state)
    const [a, b] = state.list('InferenceService', 'user2').map(model => {
      const objects = byNamespace.get('user2')?.byModel.get(model.name) ?? []
      return `${formOf({ model, objects }, words)} ${words.relationOf(model.name, 'user2')}`
    })
    t.equal(a === b, isEqual)
  })
}

t.test('namespaces that NetworkPolicies can distinguish have different fingerprints', async t => {
  const named = (name: string, labels = '{}') => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: ${labels} }
`
  const namespaces = [named('n1'), named('n2'), named('n4', '{ team: a }')]
  const isEqual = (one: string, other: string, ...objects: readonly string[]) => {
    const state = stockWith([...namespaces, ...objects].join('---'))
    const { byNamespace, words } = subjectsOf(state)
    const formOf = (name: string) => namespaceForm(state, name, byNamespace.get(name) ?? NO_OBJECTS, words)
    return formOf(one) === formOf(other)
  }
  t.ok(isEqual('n1', 'n2'))
  t.notOk(isEqual('n1', 'n3'), 'labels of a namespace that does not exist are not known')
  t.ok(isEqual('n3', 'n5'))
  t.notOk(isEqual('n1', 'n4'), 'labels')
  t.notOk(isEqual('n1', 'n2', networkPolicy('{}', 'n1')), 'own policy')
  const byName = '{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: n1 } } }'
  t.notOk(isEqual('n1', 'n2', toPeers(byName)), 'named by the policy of another namespace')
})

t.test(
  'addresses are told apart by the blocks that contain them, and slices by the pods that they lead to',
  async t => {
    const addressed = (name: string, ip: string) => `${pod(name)}status: { podIP: "${ip}" }\n`
    const slice = (name: string, endpoints: string) => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: user2, name: ${name}-x, labels: { kubernetes.io/service-name: ${name} } }
endpoints: [${endpoints}]
`
    const block = networkPolicy(
      '{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "fd00::/64" } }] }] }',
      'user2'
    )
    const isEqual = (objects: (name: string, other: boolean) => readonly string[]) => {
      const state = stockWith(
        [model('a'), model('b'), ...objects('a', false), ...objects('b', true), block].join('---')
      )
      const { byNamespace, words } = subjectsOf(state)
      const forms = state
        .list('InferenceService', 'user2')
        .map(one => formOf({ model: one, objects: byNamespace.get('user2')?.byModel.get(one.name) ?? [] }, words))
      return forms[0] === forms[1]
    }
    t.ok(
      isEqual((name, other) => [addressed(name, other ? 'fd01::1' : 'fd02::1')]),
      'both outside'
    )
    t.notOk(
      isEqual((name, other) => [addressed(name, other ? 'fd00::1' : 'fd02::1')]),
      'one inside'
    )
    const to = (ip: string) => `{ addresses: ["${ip}"] }`
    t.ok(
      isEqual((name, other) => [
        addressed(name, other ? '10.0.0.1' : '10.0.0.2'),
        slice(name, to(other ? '10.0.0.1' : '10.0.0.2'))
      ]),
      'own pods'
    )
    t.notOk(
      isEqual((name, other) => [
        addressed(name, other ? '10.0.0.1' : '10.0.0.2'),
        slice(name, to(other ? '10.0.0.9' : '10.0.0.2'))
      ]),
      'another address'
    )
    t.ok(
      isEqual(name => [pod(name), slice(name, to('10.0.0.9'))]),
      'pods without an address'
    )
  }
)

const NO_VALUES = { values: new Counts().with(new Map()).diff }

t.test('new blocks of addresses concern models with an address in them', async t => {
  const [a] = stockWith(model('a')).list('InferenceService', 'user2')
  const objectsOf = (yaml: string) => {
    const state = stockWith([model('a'), yaml].join('---'))
    const pods = state.list('Pod', 'user2').filter(one => one.name === 'a')
    return [...pods, ...state.list('EndpointSlice', 'user2')]
  }
  if (a === undefined) throw new Error('no model')
  const concerned = (yaml: string, blocks: readonly string[]) =>
    isReshaped({ model: a, objects: objectsOf(yaml) }, NO_VALUES, { before: { blocks: [] }, after: { blocks } })
  const slice = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: user2, name: a-x }
endpoints: [{ addresses: ["10.0.0.1"] }]
`
  t.ok(concerned(slice, ['10.0.0.0/8']))
  t.notOk(concerned(slice, ['11.0.0.0/8']))
  t.notOk(concerned(slice, []))
  t.ok(concerned(`${pod('a')}status: { podIP: 10.0.0.1 }\n`, ['10.0.0.1']))
  t.notOk(concerned(pod('a'), ['10.0.0.0/8']), 'a pod without an address')
  t.ok(concerned(`${pod('a')}status: { podIP: "fd00::1" }\n`, ['fd00::1']))
})
