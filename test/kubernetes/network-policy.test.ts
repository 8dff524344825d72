import t from 'tap'
import { evaluateNetwork, hasDirection } from '../../src/kubernetes/network-policy.ts'
import { ANY_MESH_CLIENT, NON_MESH_CLIENT } from '../../src/request/callers.ts'
import type { Workload } from '../../src/state/workload.ts'
import { networkPolicy, together } from '../support/objects.ts'
import { resourceOf, stateOf } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const namespace = (name: string, labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { ${labels} } }
`
const NAMESPACES = together(namespace('user1', 'team: a'), namespace('user2', 'team: b'))
const SERVER = workload({
  labels: { app: 'model' },
  ports: [{ name: 'http', containerPort: 8080 }],
  address: '10.0.1.1'
})
const CLIENT = workload({ namespace: 'user2', labels: { app: 'client' }, address: '10.0.2.2' })
const NEXT: Workload = { ...SERVER, address: undefined, ports: [], unknownLabels: 'generated' }

interface Ends {
  readonly client?: Workload
  readonly server?: Workload
}

function verdict(yaml: string, { client = CLIENT, server = SERVER }: Ends = {}): string {
  const result = evaluateNetwork(stateOf(together(NAMESPACES, yaml)), client, { workload: server, port: 8080 })
  const by = result.is === 'allowed' ? [] : result.by
  const names = by.map(one => ('policy' in one ? `${one.direction} ${one.policy.name}` : one.name))
  return [result.is, ...names].join(' ')
}

const policyOf = (spec: string, name: string, own = 'user1') => networkPolicy(spec, own).replace('isolate', name)
const from = (...peers: readonly string[]) => `{ ingress: [{ from: [${peers.join()}] }] }`
const ofNamespace = (selector: string, more = '') => `{ namespaceSelector: ${selector} ${more} }`
const ofPods = (selector: string) => `{ podSelector: ${selector} }`
const labels = (text: string) => `{ matchLabels: { ${text} } }`
const expression = (key: string, operator: string, values = '[]') =>
  `{ matchExpressions: [{ key: ${key}, operator: ${operator}, values: ${values} }] }`
const block = (cidr: string, except = '[]') => `{ ipBlock: { cidr: "${cidr}", except: ${except} } }`
const port = (text: string) => `{ ingress: [{ ports: [{ ${text} }] }] }`
const NAME = 'kubernetes.io/metadata.name'
const DENIED = 'denied ingress isolate'
const UNKNOWN = 'unknown isolate'
const ANY = { client: ANY_MESH_CLIENT }
const OUTSIDE = { client: NON_MESH_CLIENT }
const CALLER = { client: { ...ANY_MESH_CLIENT, namespace: 'user2' } }
const NODE = { client: { ...CLIENT, hostNetwork: true } } as const

/** By test name: spec of a policy in the namespace of the server, the verdict, and other ends than the usual ones. */
const CASES: Readonly<Record<string, readonly [spec: string, expected: string, ends?: Ends]>> = {
  'no rule': ['{}', DENIED],
  'spec null': ['null', DENIED],
  'a rule without peers and ports': ['{ ingress: [{}] }', 'allowed'],
  'policyTypes Egress': ['{ policyTypes: [Egress] }', 'allowed'],
  'policy for other pods': [`{ podSelector: ${labels('app: other')} }`, 'allowed'],
  'policy for these pods': [`{ podSelector: ${labels('app: model')} }`, DENIED],

  'peer by the name of its namespace': [from(ofNamespace(labels(`${NAME}: user2`))), 'allowed'],
  'peer by the name of another namespace': [from(ofNamespace(labels(`${NAME}: user3`))), DENIED],
  'peer by a label of its namespace': [from(ofNamespace(labels('team: b'))), 'allowed'],
  'peer by another label of its namespace': [from(ofNamespace(labels('team: a'))), DENIED],
  'peer by a label, namespace does not exist': [
    from(ofNamespace(labels('team: a'))),
    UNKNOWN,
    { client: workload({ namespace: 'user3' }) }
  ],
  'peer in any namespace': [from(ofNamespace('{}')), 'allowed'],
  'peer by labels of namespace and pod': [
    from(ofNamespace('{}', `, podSelector: ${labels('app: client')}`)),
    'allowed'
  ],
  'peer by a label that the pod does not have': [
    from(ofNamespace('{}', `, podSelector: ${labels('app: other')}`)),
    DENIED
  ],
  'peer in the namespace of the policy': [from(ofPods('{}')), 'allowed', { client: workload() }],
  'peer in another namespace than the policy': [from(ofPods('{}')), DENIED],
  'one of several peers': [from(ofPods('{}'), ofNamespace('{}')), 'allowed'],
  'peer in a block': [from(block('10.0.2.0/24')), 'allowed'],
  'peer in another block': [from(block('10.0.3.0/24')), DENIED],
  'peer in an exception of a block': [from(block('10.0.0.0/8', '[10.0.2.0/24]')), DENIED],
  'peer beside an exception of a block': [from(block('10.0.0.0/8', '[10.0.3.0/24]')), 'allowed'],
  'peer in a block of the other IP version': [from(block('fd00::/8')), DENIED],
  'invalid block': [from(block('nonsense')), DENIED],
  'peer without address': [from(block('10.0.2.0/24')), UNKNOWN, { client: { ...CLIENT, address: undefined } }],
  'peer with an invalid address': [from(block('10.0.2.0/24')), UNKNOWN, { client: { ...CLIENT, address: 'x' } }],
  'block of every address': [from(block('0.0.0.0/0')), 'allowed', { client: { ...CLIENT, address: undefined } }],
  'block of every address but some': [
    from(block('0.0.0.0/0', '[10.0.2.0/24]')),
    UNKNOWN,
    { client: { ...CLIENT, address: undefined } }
  ],

  port: [port('port: 8080'), 'allowed'],
  'another port': [port('port: 80'), DENIED],
  'range with the port': [port('port: 8000, endPort: 8080'), 'allowed'],
  'range without the port': [port('port: 8000, endPort: 8079'), DENIED],
  'protocol without a port': [port('protocol: TCP'), 'allowed'],
  'another protocol': [port('protocol: UDP, port: 8080'), DENIED],
  'name of the port': [port('port: http'), 'allowed'],
  'name of another port': [port('port: metrics'), DENIED],
  'name of a port of a pod that does not exist yet': [port('port: http'), UNKNOWN, { server: NEXT }],
  'peer of one rule, port of another': [
    `{ ingress: [{ from: [${ofPods('{}')}], ports: [{ port: 8080 }] }, { from: [${ofNamespace('{}')}], ports: [{ port: 80 }] }] }`,
    DENIED
  ],

  'any caller, every namespace': [from(ofNamespace('{}')), 'allowed', ANY],
  'any caller, named namespaces': [from(ofNamespace(labels(`${NAME}: user2`))), DENIED, ANY],
  'any caller, all but named namespaces': [from(ofNamespace(expression(NAME, 'NotIn', '[user2]'))), 'allowed', ANY],
  'any caller, labels of namespaces': [from(ofNamespace(labels('team: a'))), UNKNOWN, ANY],
  'any caller, absent labels of namespaces': [from(ofNamespace(expression('team', 'DoesNotExist'))), UNKNOWN, ANY],
  'any caller, pods of the own namespace': [from(ofPods('{}')), DENIED, ANY],
  'any caller, no rule': ['{}', DENIED, ANY],
  'caller outside of the mesh, every namespace': [from(ofNamespace('{}')), UNKNOWN, OUTSIDE],
  'caller outside of the mesh, every address': [from(block('0.0.0.0/0')), 'allowed', OUTSIDE],
  'caller outside of the mesh, a block': [from(block('10.0.0.0/8')), UNKNOWN, OUTSIDE],
  'caller outside of the mesh, no rule': ['{}', DENIED, OUTSIDE],
  'callers of a namespace, by a label of their pods': [
    from(ofNamespace('{}', `, podSelector: ${labels('app: a')}`)),
    UNKNOWN,
    CALLER
  ],
  'client on the network of its node': [from(ofNamespace('{}')), UNKNOWN, NODE],
  'client on the network of its node, no rule': ['{}', UNKNOWN, NODE],
  'client on the network of its node, by its address': [from(block('10.0.2.0/24')), 'allowed', NODE],
  'server on the network of its node': ['{}', UNKNOWN, { server: { ...SERVER, hostNetwork: true } }],

  'pod that does not exist yet, a label that it will have': [
    `{ podSelector: ${labels('app: model')} }`,
    DENIED,
    { server: NEXT }
  ],
  'pod that does not exist yet, a label that it may get': [
    `{ podSelector: ${labels('serving.knative.dev/configurationGeneration: "1"')} }`,
    UNKNOWN,
    { server: NEXT }
  ],
  'pod that does not exist yet, a label that it will not have': [
    `{ podSelector: ${labels('team: a')} }`,
    'allowed',
    { server: NEXT }
  ],
  'pod of which one label is known': [
    `{ podSelector: ${labels('team: a')} }`,
    UNKNOWN,
    { server: { ...SERVER, unknownLabels: 'any' } }
  ],
  'pod that the policy may select, and would allow': [
    `{ podSelector: ${labels('team: a')}, ingress: [{}] }`,
    'allowed',
    { server: { ...SERVER, unknownLabels: 'any' } }
  ]
}

for (const [name, [spec, expected, ends]] of Object.entries(CASES)) {
  t.test(name, async t => {
    t.equal(verdict(networkPolicy(spec), ends), expected)
  })
}

const EGRESS = '{ policyTypes: [Egress] }'
const to = (peer: string) => `{ policyTypes: [Egress], egress: [{ to: [${peer}], ports: [{ port: http }] }] }`

t.test('policies of the client allow or deny what it sends', async t => {
  for (const [name, spec, expected, ends] of [
    ['no rule', EGRESS, 'denied egress isolate'],
    ['server by a label of its namespace', to(ofNamespace(labels('team: a'))), 'allowed'],
    ['server by its labels', to(ofNamespace('{}', `, podSelector: ${labels('app: model')}`)), 'allowed'],
    ['server in another namespace than the policy', to(ofPods('{}')), 'denied egress isolate'],
    ['server by its address', to(block('10.0.1.1/32')), 'allowed'],
    ['every caller of the namespace', EGRESS, 'denied egress isolate', CALLER],
    ['some callers of the namespace', `{ podSelector: ${labels('app: a')}, policyTypes: [Egress] }`, 'allowed', CALLER],
    ['callers of any namespace', EGRESS, 'allowed', ANY],
    ['client on the network of its node', EGRESS, UNKNOWN, NODE]
  ] as const) {
    t.equal(verdict(networkPolicy(spec, 'user2'), ends), expected, name)
  }
})

t.test('policies of one direction are additive, those of both directions must allow', async t => {
  const all = policyOf('{ ingress: [{}] }', 'b')
  const maybe = policyOf(from(block('10.0.0.0/8')), 'b')
  const egress = policyOf(EGRESS, 'c', 'user2')
  const noAddress = { client: { ...CLIENT, address: undefined } }
  t.equal(verdict(together(policyOf('{}', 'a'), all)), 'allowed')
  t.equal(verdict(together(policyOf('{}', 'a'), policyOf('{}', 'b'))), 'denied ingress a ingress b')
  t.equal(verdict(together(policyOf('{}', 'a'), maybe), noAddress), 'unknown b')
  t.equal(verdict(together(policyOf('{}', 'a'), egress)), 'denied egress c ingress a')
  t.equal(verdict(together(all, egress)), 'denied egress c')
  t.equal(verdict(together(maybe, egress), noAddress), 'denied egress c')
})

t.test('policyTypes have the defaults of the API server', async t => {
  const directions = (spec: string) => {
    const policy = resourceOf(networkPolicy(spec))
    return policy.kind === 'NetworkPolicy' && (['ingress', 'egress'] as const).filter(one => hasDirection(policy, one))
  }
  t.same(directions('{}'), ['ingress'])
  t.same(directions('{ egress: [{}] }'), ['ingress', 'egress'])
  t.same(directions('{ policyTypes: [Egress], ingress: [{}] }'), ['egress'])
  t.same(directions('{ policyTypes: [Ingress, Egress] }'), ['ingress', 'egress'])
})
