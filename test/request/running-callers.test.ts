import t from 'tap'
import { runningCallers } from '../../src/request/running-callers.ts'
import { authorizing, clientRule, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const callersOf = (...objects: readonly string[]) => runningCallers(stateOf(together(...objects)))
const namesOf = (...objects: readonly string[]) =>
  callersOf(...objects).map(({ workloads }) => workloads.map(({ kind, name, pods }) => `${kind} ${name} ${pods}`))

/** Pod `namespace/name` with labels, and further fields of its metadata and object. */
const pod = (name: string, labels = '', metadata = '', more = 'spec: { containers: [{ name: app }] }') => `
apiVersion: v1
kind: Pod
metadata: { namespace: apps, name: ${name}, labels: { ${labels} } ${metadata} }
${more}
`
const ownedBy = (kind: string, name: string) =>
  `, ownerReferences: [{ apiVersion: apps/v1, kind: ${kind}, name: ${name}, controller: true }]`
const sidecarPod = (name: string, role = 'sidecar') =>
  pod(name, '', '', `spec: { containers: [{ name: istio-proxy, args: [proxy, ${role}] }] }`)

t.test('a workload is the controller of its pods', async t => {
  t.same(namesOf(pod('a'), pod('b')), [['Pod a 1', 'Pod b 1']], 'pods without a controller')
  const web = (name: string, replicaSet: string, hash: string) =>
    pod(name, `pod-template-hash: ${hash}`, ownedBy('ReplicaSet', replicaSet))
  t.same(namesOf(web('a', 'web-5d8', '5d8'), web('b', 'web-5d8', '5d8'), web('c', 'web-7f6', '7f6')), [
    ['Deployment web 3']
  ])
  t.same(namesOf(pod('a', '', ownedBy('ReplicaSet', 'web-5d8'))), [['ReplicaSet web-5d8 1']], 'without the hash label')
  t.same(namesOf(pod('a', '', ownedBy('StatefulSet', 'db')), pod('b', '', ownedBy('Job', 'score'))), [
    ['StatefulSet db 1', 'Job score 1']
  ])
})

t.test('gateways, control planes and terminated pods are no callers', async t => {
  const inNamespace = (namespace: string, labels: string) => pod('a', labels).replace('apps', namespace)
  for (const [name, yaml] of Object.entries({
    'gateway of Istio': sidecarPod('a', 'router'),
    'gateway of the Gateway API': pod('a', 'gateway.networking.k8s.io/gateway-name: public'),
    'gateway of Envoy Gateway': pod('a', 'gateway.envoyproxy.io/owning-gateway-name: public'),
    istiod: inNamespace('istio-system', 'app: istiod'),
    'CNI agent': inNamespace('istio-system', 'k8s-app: istio-cni-node'),
    activator: inNamespace('knative-serving', 'app: activator'),
    'controller of net-istio': inNamespace('knative-serving', 'app: net-istio-controller'),
    'controller of KServe': inNamespace('kserve', 'control-plane: kserve-controller-manager'),
    'completed pod': `${pod('a')}status: { phase: Succeeded }\n`,
    'terminating pod': pod('a', '', ', deletionTimestamp: "2026-01-01T00:00:00Z"')
  })) {
    t.same(namesOf(yaml), [], name)
  }
  for (const [name, yaml] of Object.entries({
    'app label of a control plane in another namespace': pod('a', 'app: activator'),
    'istiod label in another namespace': pod('a', 'app: istiod'),
    'other pod of the Istio namespace': inNamespace('istio-system', 'app: kiali'),
    'other pod of the KServe namespace': inNamespace('kserve', 'app: web'),
    'router of an InferenceGraph': pod('a', 'serving.kserve.io/inferencegraph: graph')
  })) {
    t.same(namesOf(yaml), [['Pod a 1']], name)
  }
})

t.test('pods are in one class if no configuration distinguishes them', async t => {
  const CLASSES: Readonly<Record<string, readonly [one: string, other: string, more: string, classes: number]>> = {
    'equal pods': [pod('a'), pod('b'), '', 1],
    'labels that no object selects': [pod('a', 'app: a'), pod('b', 'app: b'), '', 1],
    'another service account': [pod('a'), pod('b', '', '', 'spec: { serviceAccountName: b }'), '', 2],
    'another namespace': [pod('a'), pod('b').replace('apps', 'batch'), '', 2],
    'a sidecar': [pod('a'), sidecarPod('b'), '', 2],
    'a router of an InferenceGraph': [pod('a'), pod('b', 'serving.kserve.io/inferencegraph: graph'), '', 2],
    'a label value that a Sidecar selects': [
      pod('a', 'app: a'),
      pod('b', 'app: b'),
      `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: apps, name: a }
spec: { workloadSelector: { labels: { app: a } } }
`,
      2
    ],
    'a label key that a DestinationRule selects': [
      pod('a', 'tier: web'),
      pod('b'),
      clientRule('a.b', '{}').replace('spec: {', 'spec: { workloadSelector: { matchLabels: { tier: db } },'),
      2
    ],
    'other values of a label that an object selects': [
      pod('a', 'app: a'),
      pod('b', 'app: b'),
      clientRule('a.b', '{}').replace('spec: {', 'spec: { workloadSelector: { matchLabels: { app: c } },'),
      1
    ],
    'a label that an AuthorizationPolicy selects, as the server': [
      pod('a', 'app: a'),
      pod('b'),
      authorizing('{ selector: { matchLabels: { app: a } } }'),
      1
    ],
    'a label of the clients in a NetworkPolicy': [
      pod('a', 'app: a'),
      pod('b'),
      networkPolicy('podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: a } } }] }]'),
      2
    ],
    'a label that a NetworkPolicy for incoming traffic selects': [
      pod('a', 'app: a'),
      pod('b'),
      networkPolicy('podSelector: { matchLabels: { app: a } }, policyTypes: [Ingress]'),
      1
    ],
    'a label that a NetworkPolicy for outgoing traffic selects': [
      pod('a', 'app: a'),
      pod('b'),
      networkPolicy('podSelector: { matchLabels: { app: a } }, policyTypes: [Egress]'),
      2
    ],
    'a label that a NetworkPolicy with egress rules selects': [
      pod('a', 'app: a'),
      pod('b'),
      networkPolicy('podSelector: { matchLabels: { app: a } }, egress: [{}]'),
      2
    ],
    'addresses in the same blocks': [withIp('a', '10.1.0.1'), withIp('b', '10.1.0.2'), fromBlock('10.0.0.0/8'), 1],
    'addresses in different blocks': [withIp('a', '10.1.0.1'), withIp('b', '10.2.0.2'), fromBlock('10.1.0.0/16'), 2],
    'an address that is not known': [withIp('a', '10.1.0.1'), pod('b'), fromBlock('192.168.0.0/16'), 2]
  }
  for (const [name, [one, other, more, classes]] of Object.entries(CLASSES)) {
    t.equal(callersOf(one, other, ...(more === '' ? [] : [more])).length, classes, name)
  }
})

function networkPolicy(spec: string): string {
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: apps, name: np }
spec: { ${spec} }
`
}

function withIp(name: string, address: string): string {
  return `${pod(name)}status: { podIP: ${address} }\n`
}

function fromBlock(block: string): string {
  return authorizing(`{ rules: [{ from: [{ source: { ipBlocks: [${block}] } }] }] }`)
}
