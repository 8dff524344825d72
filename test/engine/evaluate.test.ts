import t from 'tap'
import { evaluate, skippedBy } from '../../src/engine/evaluate.ts'
import { introduced } from '../../src/engine/introduced.ts'
import type { Kind, Resource } from '../../src/model/resource.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { RULES } from '../../src/rules/index.ts'
import { clientRule, model, namespace, policy } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/state.ts'

const put = (state: Snapshot, yaml: string) => {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  return state.apply(before === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before, after })
}
const kinOf = (state: Snapshot) => [...(evaluate(state, RULES).groups.get('user1')?.kin.values() ?? [])]
const namesOf = (state: Snapshot) => kinOf(state).map(({ members }) => members.map(({ name }) => name))

t.test('a state that differs in nothing is not judged again', async t => {
  const state = stockWith()
  const evaluation = evaluate(state, RULES)
  t.equal(evaluate(state, RULES, evaluation), evaluation)
  t.equal(evaluate(state.withUnreadable(new Map()), RULES, evaluation).groups, evaluation.groups)
})

t.test('what a change touches is judged again, and nothing else', async t => {
  const state = stockWith(namespace('istio-injection: enabled'))
  const before = evaluate(state, RULES)
  for (const [name, yaml, touched] of [
    ['a rule for hosts of a namespace', clientRule('other.user1.svc.cluster.local', '{}', 'user1'), ['user1']],
    ['a policy of a namespace', policy('user1', '{ mtls: { mode: STRICT } }'), ['user1']],
    [
      'a gateway',
      `
apiVersion: v1
kind: Pod
metadata: { namespace: istio-system, name: gateway, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy, args: [proxy, router] }] }
`,
      ['istio-system', 'knative-serving', 'kserve', 'user1']
    ],
    ['a rule for all hosts', clientRule('*', '{}'), ['istio-system', 'knative-serving', 'kserve', 'user1']]
  ] as const) {
    const after = evaluate(put(state, yaml), RULES, before)
    const again = [...after.groups].filter(([of, group]) => group !== before.groups.get(of)).map(([of]) => of)
    t.ok(again.every(of => (touched as readonly string[]).includes(of)) && again.includes('user1'), `${name}: ${again}`)
  }
})

t.test('objects that go, with their namespace or alone', async t => {
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

t.test('models that fare alike are judged together, until something tells them apart', async t => {
  const twins = ['a', 'b'].map(name => model('').replace('name: new', `name: ${name}`)).join('---')
  t.same(
    namesOf(stockWith(twins)).filter(names => names.includes('a')),
    [['a', 'b']]
  )
  const byAddress = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: rules }
spec: { action: DENY, rules: [{ when: [{ key: destination.ip, values: [10.0.0.1] }] }] }
`
  const apart = [
    byAddress,
    clientRule('a-predictor.user1.svc.cluster.local', '{}'),
    policy('user1', '{ selector: { matchLabels: { serving.kserve.io/inferenceservice: a } } }')
  ]
  for (const yaml of apart)
    t.ok(
      namesOf(stockWith(`${twins}---${yaml}`)).some(names => names.join() === 'a'),
      yaml
    )
})

t.test('what is found of one of a family is looked for in each', async t => {
  const twins = ['a', 'b']
    .map(name => model(', annotations: { sidecar.istio.io/inject: "yes" }').replace('name: new', `name: ${name}`))
    .join('---')
  const found = kinOf(stockWith(twins)).flatMap(kin => kin.found)
  t.same(
    found.filter(({ rule }) => rule.id === 'inject-value-unclear').map(({ subject }) => subject.name),
    ['a', 'b']
  )
})

t.test('old cuts are told with those models alone that have them', async t => {
  const cut = clientRule('sklearn-iris-predictor-00001.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')
  const state = stockWith(cut)
  const before = evaluate(state, RULES)
  const { cuts, oldCuts } = introduced(before, evaluate(put(state, policy('user9', '{}')), RULES, before))
  t.same(cuts, [])
  t.same([...new Set(oldCuts.flatMap(({ models }) => models.map(({ name }) => name)))], ['sklearn-iris'])
})

t.test('paths that lead where nothing can be read are skipped and named', async t => {
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
