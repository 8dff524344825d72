import t from 'tap'
import { decideState } from '../../../src/engine/decide.ts'
import { diffEvaluations } from '../../../src/engine/diff.ts'
import { type Evaluation, evaluate, skippedBy } from '../../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY } from '../../../src/engine/to-findings.ts'
import { RULES } from '../../../src/rules/index.ts'
import type { Kind, Resource } from '../../../src/state/resource.ts'
import type { Snapshot } from '../../../src/state/snapshot.ts'
import {
  authorizing,
  clientRule,
  configMap,
  gateway,
  together as joined,
  kserveConfig,
  model,
  namespace,
  pod,
  policy
} from '../../support/objects.ts'
import { resourceOf, stockWith } from '../../support/snapshot.ts'

const put = (state: Snapshot, yaml: string) => {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  return state.apply(before === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before, after })
}
const classesIn = ({ namespaces }: Evaluation) => [...(namespaces.get('user1')?.evaluations.values() ?? [])]
const namesIn = (evaluation: Evaluation) => classesIn(evaluation).map(({ members }) => members.map(({ name }) => name))

t.test('an equal state is not evaluated again', async t => {
  const state = stockWith()
  const evaluation = evaluate(state, RULES)
  t.equal(evaluate(state, RULES, evaluation), evaluation)
  t.equal(evaluate(state.withUnreadable(new Map()), RULES, evaluation).namespaces, evaluation.namespaces)
})

t.test('only results with changed dependencies are evaluated again', async t => {
  const state = stockWith(namespace('istio-injection: enabled'))
  const before = evaluate(state, RULES)
  for (const [name, yaml, affected] of [
    [
      'DestinationRule for a host of the namespace',
      clientRule('other.user1.svc.cluster.local', '{}', 'user1'),
      ['user1']
    ],
    ['PeerAuthentication of the namespace', policy('user1', '{ mtls: { mode: STRICT } }'), ['user1']],
    [
      'gateway pod',
      `
apiVersion: v1
kind: Pod
metadata: { namespace: istio-system, name: gateway, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy, args: [proxy, router] }] }
`,
      ['', 'istio-system', 'knative-serving', 'kserve', 'user1']
    ],
    ['DestinationRule for all hosts', clientRule('*', '{}'), ['', 'istio-system', 'knative-serving', 'kserve', 'user1']]
  ] as const) {
    const after = evaluate(put(state, yaml), RULES, before)
    const again = [...after.namespaces]
      .filter(([name, group]) => group !== before.namespaces.get(name))
      .map(([name]) => name)
    t.ok(
      again.every(name => (affected as readonly string[]).includes(name)) && again.includes('user1'),
      `${name}: ${again}`
    )
  }
})

t.test('deletion of an object, with or without its namespace, skips no rule', async t => {
  const state = stockWith(policy('user9', '{ mtls: { mode: STRICT } }'))
  const before = evaluate(state, RULES)
  const object = state.get('PeerAuthentication', 'user9', 'default') as Resource
  for (const without of [
    state.apply({ operation: 'DELETE', before: object }),
    state.withAll('PeerAuthentication', [])
  ]) {
    t.same(skippedBy(evaluate(without, RULES, before)), [])
  }
  t.same(skippedBy(evaluate(state, RULES, evaluate(state.withAll('PeerAuthentication', []), RULES))), [])
})

t.test('dependencies read for the first time after a change are tracked', async t => {
  const service = (name: string, namespace: string, spec: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} }
spec: ${spec}
`
  const alias = service(
    'knative-local-gateway',
    'istio-system',
    '{ type: ExternalName, externalName: elsewhere.kserve.svc.cluster.local }'
  )
  let state = stockWith()
  let evaluation = evaluate(state, RULES)
  for (const yaml of [alias, service('elsewhere', 'kserve', '{ ports: [{ port: 80 }] }')]) {
    state = put(state, yaml)
    const again = evaluate(state, RULES, evaluation)
    t.not(classesIn(again)[0]?.paths, classesIn(evaluation)[0]?.paths)
    evaluation = again
  }
})

/** Two models that differ only in name. */
const twins = () => ['a', 'b'].map(name => model('').replace('name: new', `name: ${name}`)).join('---')
/** Their pods, which differ only in name and address. */
const podsOfTwins = ['a', 'b']
  .map((name, i) => {
    const labels = `serving.kserve.io/inferenceservice: ${name}, component: predictor, team: t${i}`
    return `${pod('user1', `${name}-0`, labels, 'sidecar')}status: { podIP: 10.0.0.${i + 1} }\n`
  })
  .join('---')

const networkPolicy = (podSelector: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: user1, name: isolate }
spec: { podSelector: ${podSelector} }
`
const graph = (serviceName: string) => `
apiVersion: serving.kserve.io/v1alpha1
kind: InferenceGraph
metadata: { namespace: user1, name: graph }
spec: { nodes: { root: { steps: [{ serviceName: ${serviceName} }] } } }
`

t.test('configuration that distinguishes models splits their equivalence class', async t => {
  const denying = (rule: string) => authorizing(`{ action: DENY, rules: [${rule}] }`)
  const server = '{ port: { number: 80, protocol: HTTP, name: http }, hosts: [b.user1.example.com] }'
  for (const [name, yaml] of [
    ['host of one model', clientRule('b-predictor.user1.svc.cluster.local', '{}')],
    ['external host of one model', gateway('public', server)],
    ['host pattern for one model', denying('{ to: [{ operation: { hosts: [B-predictor*] } }] }')],
    ['URL path of one model', denying('{ to: [{ operation: { paths: ["/v1/models/b:predict"] } }] }')],
    ['label of one model', policy('user1', '{ selector: { matchLabels: { serving.kserve.io/inferenceservice: b } } }')],
    [
      'label of one model, which only an AuthorizationPolicy selects',
      authorizing('{ selector: { matchLabels: { serving.kserve.io/inferenceservice: b } }, action: DENY, rules: [] }')
    ],
    ['pod IP', denying('{ when: [{ key: destination.ip, values: [10.0.0.1] }] }')],
    ['addresses with the pod of one model', denying('{ from: [{ source: { ipBlocks: [10.0.0.2/31] } }] }')],
    ['label that only the pods have', policy('user1', '{ selector: { matchLabels: { team: t1 } } }')],
    [
      'label key in a selector of pods',
      networkPolicy('{ matchExpressions: [{ key: team, operator: In, values: [t1] }] }')
    ],
    [
      'label in a template',
      configMap('knative-serving', 'config-network', { 'domain-template': '{{index .Labels "team"}}' })
    ],
    ['beginning of a name', denying('{ to: [{ operation: { paths: ["/v1/models/b*"] } }] }')],
    ['InferenceGraph with a step', graph('b')],
    ['SNI of one model', denying('{ when: [{ key: connection.sni, values: ["*.b-predictor-00001.user1.svc"] }] }')]
  ] as const) {
    const state = stockWith(joined(twins(), podsOfTwins))
    const together = evaluate(state, RULES)
    const changed = put(state, yaml)
    const apart = evaluate(changed, RULES, together)
    t.ok(
      namesIn(together).some(names => names.join() === 'a,b'),
      name
    )
    t.ok(
      namesIn(apart).some(names => names.join() === 'b'),
      name
    )
    t.same(namesIn(apart), namesIn(evaluate(changed, RULES)), name)
    t.same(namesIn(evaluate(state, RULES, apart)), namesIn(together), `${name}, removed`)
  }
})

t.test('policies of a gateway in a namespace of its own distinguish models and namespaces', async t => {
  const named = (name: string, namespace = 'user1') =>
    model('').replace('name: new', `name: ${name}`).replace('user1', namespace)
  const service = 'local.gateways.svc.cluster.local'
  const state = stockWith(
    joined(
      ...['user8', 'user9'].map(name => namespace('istio-injection: enabled').replace('user1', name)),
      named('a', 'user8'),
      named('b', 'user8'),
      named('a', 'user9'),
      kserveConfig({
        localGateway: 'knative-serving/knative-local-gateway',
        localGatewayService: service,
        knativeLocalGatewayService: service
      }),
      `
apiVersion: v1
kind: Service
metadata: { namespace: gateways, name: local }
spec: { selector: { gateway: local }, ports: [{ name: http2, port: 80, targetPort: 8081 }] }
`,
      pod('gateways', 'local', 'gateway: local', 'router'),
      `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: { gateway: local }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
`
    )
  )
  const before = evaluate(state, RULES)
  for (const [host, expected] of [
    ['b.user8.svc.cluster.local', ['user8/b']],
    ['a.user9.svc.cluster.local', ['user9/a']]
  ] as const) {
    const denying = authorizing(`{ action: DENY, rules: [{ to: [{ operation: { hosts: [${host}] } }] }] }`, 'gateways')
    const { blocked } = diffEvaluations(before, evaluate(put(state, denying), RULES, before))
    const names = blocked.flatMap(({ models }) => models.map(({ namespace, name }) => `${namespace}/${name}`))
    t.same([...new Set(names)], expected, host)
  }
})

t.test('models with different pods or findings are evaluated separately', async t => {
  const podOf = (model: string, name: string, labels: string) =>
    pod(
      'user1',
      `${model}-${name}`,
      `serving.kserve.io/inferenceservice: ${model}, component: predictor, ${labels}`,
      'sidecar'
    )
  const serviceOf = (model: string, name: string, created: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: ${model}-${name}, creationTimestamp: "${created}" }
spec:
  selector: { serving.kserve.io/inferenceservice: ${model} }
  ports: [{ name: ${name}, port: 80, targetPort: 8012 }]
`
  const selecting = '{ selector: { matchLabels: { x: "1", y: "2" } }, mtls: { mode: STRICT } }'
  for (const [name, ...objects] of [
    [
      'oldest Service that sets the port protocol differs',
      podOf('a', '0', 'x: "1"'),
      podOf('b', '0', 'x: "1"'),
      ...['http', 'tcp'].map((protocol, i) => serviceOf('a', protocol, `2026-01-0${1 + i}T00:00:00Z`)),
      ...['tcp', 'http'].map((protocol, i) => serviceOf('b', protocol, `2026-01-0${1 + i}T00:00:00Z`))
    ],
    [
      'traffic to the pods of one model bypasses their sidecars',
      podOf('a', '0', 'x: "1"'),
      podOf('b', '0', 'x: "1"').replace(
        'labels:',
        'annotations: { traffic.sidecar.istio.io/excludeInboundPorts: "8012" }, labels:'
      )
    ],
    [
      'one model has a pod with all labels of the selector, the other has none',
      podOf('a', '0', 'x: "1", y: "2"'),
      podOf('a', '1', 'z: "3"'),
      podOf('b', '0', 'x: "1"'),
      podOf('b', '1', 'y: "2"'),
      policy('user1', selecting)
    ]
  ] as const) {
    const together = namesIn(evaluate(stockWith([twins(), ...objects].join('---')), RULES))
    t.notOk(
      together.some(names => names.join() === 'a,b'),
      name
    )
  }
  const rejected = twins().replaceAll('metadata: {', 'metadata: { annotations: { networking.knative.dev/nothing: x },')
  const { findings } = decideState(stockWith(rejected), RULES, DEFAULT_POLICY)
  t.same(
    findings.map(({ object, blocked }) => [
      object.name,
      ...new Set(blocked.map(({ inferenceService }) => inferenceService))
    ]),
    [
      ['a', 'user1/a'],
      ['b', 'user1/b']
    ]
  )
})

t.test('a problem of the members of a class is reported for a new member', async t => {
  const named = (name: string) =>
    model(', annotations: { sidecar.istio.io/inject: "yes" }').replace('name: new', `name: ${name}`)
  const before = evaluate(stockWith(named('a')), RULES)
  const after = evaluate(put(before.snapshot, named('b')), RULES, before)
  const names = classesIn(after).flatMap(({ found }) => found.map(({ subject }) => subject.name))
  t.same([...new Set(names)].sort(), ['a', 'b'])
})

t.test('attributes of unchanged models are derived again if their objects change later', async t => {
  const service = (port: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: a-predictor-00001-private }
spec: { selector: { app: x }, ports: [{ name: ${port}, port: 80, targetPort: 8012 }] }
`
  const first = evaluate(stockWith(`${twins()}---${service('http')}`), RULES)
  const withThird = evaluate(put(first.snapshot, model('').replace('name: new', 'name: c')), RULES, first)
  const changed = put(withThird.snapshot, service('tcp'))
  t.same(namesIn(evaluate(changed, RULES, withThird)), namesIn(evaluate(changed, RULES)))
})

t.test('a check with a result for one member runs for every member', async t => {
  const twins = ['a', 'b']
    .map(name => model(', annotations: { sidecar.istio.io/inject: "yes" }').replace('name: new', `name: ${name}`))
    .join('---')
  const found = classesIn(evaluate(stockWith(twins), RULES)).flatMap(({ found }) => found)
  t.same(
    found.filter(({ rule }) => rule.id === 'inject-value-invalid').map(({ subject }) => subject.name),
    ['a', 'b']
  )
})

t.test('objects of a model are tracked after another model is added', async t => {
  const named = (name: string) => model('').replace('name: new', `name: ${name}`)
  const service = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: a-predictor }
spec: { ports: [{ name: tcp, port: 80 }] }
`
  let state = stockWith(named('a'))
  let evaluation = evaluate(state, RULES)
  for (const yaml of [named('b'), service]) {
    state = put(state, yaml)
    evaluation = evaluate(state, RULES, evaluation)
    t.same(namesIn(evaluation), namesIn(evaluate(state, RULES)))
  }
  t.ok(namesIn(evaluation).some(names => names.join() === 'b'))
})

t.test('a problem of a new member is found in a class that is reused', async t => {
  const named = (name: string) =>
    model(', annotations: { sidecar.istio.io/inject: "yes" }').replace('name: new', `name: ${name}`)
  const state = stockWith(named('a'))
  const after = evaluate(put(state, named('b')), RULES, evaluate(state, RULES))
  const found = classesIn(after).flatMap(({ found }) => found)
  t.same(
    found.filter(({ rule }) => rule.id === 'inject-value-invalid').map(({ subject }) => subject.name),
    ['a', 'b']
  )
})

t.test('pre-existing blocked paths are reported only with their models', async t => {
  const blocking = clientRule('sklearn-iris-predictor-00001.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')
  const state = stockWith(blocking)
  const before = evaluate(state, RULES)
  const { blocked, preexistingBlocked } = diffEvaluations(
    before,
    evaluate(put(state, policy('user1', '{}')), RULES, before)
  )
  t.same(blocked, [])
  t.same([...new Set(preexistingBlocked.flatMap(({ models }) => models.map(({ name }) => name)))], ['sklearn-iris'])
})

t.test('another reason why a kind is unreadable changes no result', async t => {
  const unreadable = (reason: string) => stock.withUnreadable(new Map<Kind, string>([['Pod', reason]]))
  const stock = stockWith()
  const before = evaluate(unreadable('stale: ECONNREFUSED'), RULES)
  const after = evaluate(unreadable('stale: no event for 30 s'), RULES, before)
  t.equal(after.namespaces, before.namespaces)
  t.equal(after.controlPlane, before.controlPlane)
  const reasons = (evaluation: Evaluation) => new Set(skippedBy(evaluation).map(({ reason }) => reason))
  t.same(reasons(before), new Set(['Pod: stale: ECONNREFUSED']))
  t.same(reasons(after), new Set(['Pod: stale: no event for 30 s']))
  const other = evaluate(stock.withUnreadable(new Map<Kind, string>([['Gateway', 'forbidden']])), RULES, after)
  t.same(reasons(other), new Set(['Gateway: forbidden']), 'another unreadable kind invalidates every result')
  t.same(skippedBy(evaluate(stock, RULES, other)), [])
})

t.test('paths that read an unreadable kind are listed as skipped', async t => {
  const elsewhere = `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: knative-local-gateway }
spec: { ports: [{ port: 80 }] }
`
  const unreadable = new Map<Kind, string>([['EndpointSlice', 'forbidden']])
  const state = stockWith(elsewhere).withUnreadable(unreadable)
  t.match(skippedBy(evaluate(state, RULES))[0], { rule: 'paths', missing: ['EndpointSlice'] })
})

t.test('another reason why a kind is unreadable keeps the evaluation', async t => {
  const unreadable = (reason: string) => stockWith().withUnreadable(new Map([['Gateway', reason] as const]))
  const state = unreadable('stale: connection refused')
  const before = evaluate(state, RULES)
  const other = state.withUnreadable(new Map([['Gateway', 'stale: idle timeout'] as const]))
  t.equal(evaluate(other, RULES, before).namespaces, before.namespaces)
  const readable = state.withUnreadable(new Map())
  t.not(evaluate(readable, RULES, before).namespaces, before.namespaces)
})

t.test('a model that a finding names is evaluated on its own, and not again without a change', async t => {
  const rejected = model(', annotations: { autoscaling.knative.dev/targetBurstCapacity: "-2" }')
  const state = stockWith(rejected)
  const before = evaluate(state, RULES)
  const other = put(state, policy('user1', '{ mtls: { mode: PERMISSIVE } }'))
  const after = evaluate(other, RULES, before)
  t.ok(namesIn(after).some(([name, ...others]) => name === 'new' && others.length === 0))
  t.same(namesIn(after), namesIn(evaluate(other, RULES)))
})
