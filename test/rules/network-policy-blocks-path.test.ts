import t from 'tap'
import { decide, decideState } from '../../src/engine/decide.ts'
import { withProvenFixes } from '../../src/engine/proven-fixes.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/network-policy-blocks-path.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { graph, model, namespace, networkPolicy, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const named = (...names: readonly string[]) =>
  names.map(one => `{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${one} } } }`).join()
const from = (peers: string, ports = '[]') => `{ podSelector: {}, ingress: [{ from: [${peers}], ports: ${ports} }] }`
const EGRESS = '{ podSelector: {}, policyTypes: [Egress] }'
const HOPS = named('istio-system', 'knative-serving')
const INGRESS = ['NetworkPolicy user1/isolate spec.ingress']

testRule(t, rule, {
  'no rule': [networkPolicy('{}'), INGRESS],
  'a rule for every connection': [networkPolicy('{ ingress: [{}] }'), []],
  'callers only from the namespaces of gateways and Knative': [networkPolicy(from(HOPS)), INGRESS],
  'every pod of the cluster': [networkPolicy(from('{ namespaceSelector: {} }')), []],
  'every address': [networkPolicy(from('{ ipBlock: { cidr: 0.0.0.0/0 } }')), []],
  'the port of the Service': [networkPolicy(from('{ namespaceSelector: {} }', '[{ port: 80 }]')), INGRESS],
  'ports of the pods': [networkPolicy(from('{ namespaceSelector: {} }', '[{ port: 8012, endPort: 9090 }]')), []],
  'port without that of the metrics': [networkPolicy(from('{ namespaceSelector: {} }', '[{ port: 8012 }]')), INGRESS],
  'other pods': [networkPolicy('{ podSelector: { matchLabels: { app: other } } }'), []],
  'the ingress gateway': [
    networkPolicy('{ podSelector: { matchLabels: { app: istio-ingressgateway } } }', 'istio-system'),
    ['NetworkPolicy istio-system/isolate spec.ingress']
  ],
  'what gateways send': [networkPolicy(EGRESS, 'istio-system'), ['NetworkPolicy istio-system/isolate spec.egress']],
  'what the activator sends': [
    networkPolicy(EGRESS, 'knative-serving'),
    ['NetworkPolicy knative-serving/isolate spec.egress']
  ],
  'what callers send': [
    `${namespace('istio-injection: enabled').replace('user1', 'batch')}---${networkPolicy(EGRESS, 'batch')}`,
    ['NetworkPolicy batch/isolate spec.egress']
  ],
  'what some callers send': [networkPolicy('{ podSelector: { matchLabels: { app: a } }, policyTypes: [Egress] }'), []],
  'what a router of an InferenceGraph sends': [
    together(
      graph('', 'nodes: { root: { steps: [{ serviceName: sklearn-iris }] } }'),
      networkPolicy(
        '{ podSelector: { matchLabels: { serving.kserve.io/inferencegraph: graph } }, policyTypes: [Egress] }'
      )
    ),
    ['NetworkPolicy user1/isolate spec.egress']
  ]
})

function decisionOn(change: Change, state = stockWith('')) {
  const decided = decide(state, change, RULES, DEFAULT_POLICY)
  return withProvenFixes(state, change, decided, { rules: RULES, policy: DEFAULT_POLICY, read: readResource })
}
const creating = (yaml: string): Change => ({ operation: 'CREATE', after: resourceOf(yaml) })

/** By test name: a change, the decision, and the start of the message. */
const DECISIONS: Readonly<Record<string, readonly [yaml: string, decision: string, message?: string]>> = {
  'no rule': [
    networkPolicy('{}'),
    'deny',
    'NetworkPolicy user1/isolate denies istio-system gateways at user1/sklearn-iris:8012 (timeout)'
  ],
  'without Knative': [
    networkPolicy(from(named('istio-system'))),
    'deny',
    'NetworkPolicy user1/isolate denies activator pods at user1/sklearn-iris:8012 (timeout)'
  ],
  'without metrics': [
    networkPolicy(from(HOPS, '[{ port: 8012 }]')),
    'deny',
    'NetworkPolicy user1/isolate denies autoscaler pods at user1/sklearn-iris:9090 (timeout)'
  ],
  'without callers': [
    networkPolicy(from(HOPS)),
    'warn',
    'NetworkPolicy user1/isolate denies sidecars at user1/sklearn-iris:8012 (timeout)'
  ],
  'ingress gateway': [
    networkPolicy('{}', 'istio-system'),
    'deny',
    'NetworkPolicy istio-system/isolate denies external callers at istio-system gateways:8080 (timeout)'
  ],
  activator: [
    networkPolicy('{ podSelector: { matchLabels: { app: activator } } }', 'knative-serving'),
    'deny',
    'NetworkPolicy knative-serving/isolate denies istio-system gateways at knative-serving/activator:8012 (timeout)'
  ],
  'egress of gateways': [
    networkPolicy(EGRESS, 'istio-system'),
    'deny',
    'NetworkPolicy istio-system/isolate denies egress of istio-system gateways to istio-system gateways:8081 (timeout)'
  ],
  'egress of the activator': [
    networkPolicy(EGRESS, 'knative-serving'),
    'deny',
    'NetworkPolicy knative-serving/isolate denies egress of activator pods to user1/sklearn-iris:8012 (timeout)'
  ],
  'egress of callers': [
    networkPolicy(EGRESS, 'user1'),
    'warn',
    'NetworkPolicy user1/isolate denies egress of sidecars in user1 to istio-system gateways:8081 (timeout)'
  ]
}

for (const [name, [yaml, expected, message]] of Object.entries(DECISIONS)) {
  t.test(`decision: ${name}`, async t => {
    const { decision, findings } = decisionOn(creating(yaml))
    t.same([decision, ...findings.map(one => one.message)], [expected, message])
    for (const { fix } of findings) t.notMatch(fix.text, /not enough/)
    t.ok(
      findings.every(({ fix }) => (fix.apply ?? []).length === 1),
      'the fix is the policy'
    )
  })
}

t.test(
  'the fix allows gateways, activator and autoscaler, but not callers that the policy may deny on purpose',
  async t => {
    const [finding] = decisionOn(creating(networkPolicy('{}'))).findings
    const port = (number: number) => [{ protocol: 'TCP', port: number }]
    const peer = (name: string) => [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }]
    t.match(finding?.fix.apply?.[0], {
      kind: 'NetworkPolicy',
      metadata: { name: 'isolate', namespace: 'user1' },
      spec: {
        podSelector: {},
        ingress: [
          { from: peer('istio-system'), ports: port(8012) },
          { from: peer('knative-serving'), ports: port(8012) },
          { from: peer('knative-serving'), ports: port(9090) }
        ]
      }
    })
    t.notOk(finding?.blocked.some(({ hop }) => hop.startsWith('caller->')))
  }
)

t.test('the fix of callers combines the rules for all their hops', async t => {
  const [finding] = decisionOn(creating(networkPolicy(EGRESS, 'user1'))).findings
  t.match(finding?.fix.apply, [
    { spec: { policyTypes: ['Egress'], egress: [{ to: [{}] }, { to: [{}] }, { to: [{}] }] } }
  ])
})

t.test('a long policy gets an additional one beside it', async t => {
  const blocks = Array.from({ length: 200 }, (_, i) => `{ ipBlock: { cidr: 192.0.${i}.0/24 } }`).join()
  for (const [spec, namespace, expected] of [
    [from(blocks), 'user1', ['Ingress']],
    [`{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [${blocks}] }] }`, 'knative-serving', ['Egress']]
  ] as const) {
    const { decision, findings } = decisionOn(creating(networkPolicy(spec, namespace)))
    t.equal(decision, 'deny')
    t.match(findings[0]?.fix.apply, [{ metadata: { name: 'isolate-hops' }, spec: { policyTypes: expected } }])
    t.notMatch(findings[0]?.fix.text, /not enough/)
  }
})

t.test('the changed policy is reported, before others that deny as well', async t => {
  const other = networkPolicy('{ podSelector: { matchLabels: { component: predictor } } }').replace('isolate', 'a-old')
  const findingsAfter = (spec: string) => {
    const state = stockWith(together(other, networkPolicy(from('{ namespaceSelector: {} }'))))
    const before = state.get('NetworkPolicy', 'user1', 'isolate')
    const after = resourceOf(networkPolicy(spec))
    return decisionOn({ operation: 'UPDATE', before: before ?? after, after }, state).findings
  }
  t.match(findingsAfter('{}'), [{ object: { name: 'isolate' }, mode: 'deny' }])
  t.same(findingsAfter('{ podSelector: {}, ingress: [{}] }'), [])
})

t.test('policies of both ends that deny are both part of the fix', async t => {
  const state = stockWith(together(networkPolicy(EGRESS, 'knative-serving'), networkPolicy('{}')))
  const [finding] = decideState(state, RULES, DEFAULT_POLICY).findings.filter(
    ({ rule: id, object }) => id === rule.id && object.namespace === 'knative-serving'
  )
  t.same(
    finding?.fix.apply?.map(({ metadata }) => metadata.namespace),
    ['knative-serving', 'user1']
  )
})

t.test('a policy that blocked before the change denies nothing', async t => {
  const state = stockWith(networkPolicy('{}'))
  const before = resourceOf(networkPolicy('{}'))
  t.equal(decisionOn({ operation: 'DELETE', before }, state).decision, 'allow')
  t.equal(decisionOn({ operation: 'UPDATE', before, after: before }, state).decision, 'allow')
  const relaxed = resourceOf(networkPolicy(from(named('istio-system'))))
  t.not(decisionOn({ operation: 'UPDATE', before, after: relaxed }, state).decision, 'deny')
  t.equal(decisionOn(creating(model('')), state).decision, 'warn', 'a new model, which every model like it shares')
})

t.test('a deleted policy that allowed what another one isolates blocks the path', async t => {
  const allowing = networkPolicy(from('{ namespaceSelector: {} }')).replace('isolate', 'allow')
  const state = stockWith(together(networkPolicy('{}'), allowing))
  const { decision, findings } = decisionOn({ operation: 'DELETE', before: resourceOf(allowing) }, state)
  t.equal(decision, 'deny')
  t.match(findings, [{ object: { name: 'isolate' }, fix: { apply: [{ metadata: { name: 'isolate' } }] } }])
})

t.test('a namespace that loses the label of a policy is reported', async t => {
  const team = (labels: string) => namespace(`istio-injection: enabled${labels}`).replace('user1', 'batch')
  const policy = networkPolicy(from(`${HOPS}, { namespaceSelector: { matchLabels: { team: a } } }`))
  const state = stockWith(together(team(', team: a'), policy))
  const before = state.get('Namespace', '', 'batch')
  const after = resourceOf(team(''))
  const { notEvaluated } = decisionOn({ operation: 'UPDATE', before: before ?? after, after }, state)
  t.match(notEvaluated, [{ reason: /NetworkPolicy user1\/isolate is not evaluated at caller->pod$/ }])
  const other = resourceOf(team(', team: b'))
  t.match(decisionOn({ operation: 'UPDATE', before: before ?? other, after: other }, state).notEvaluated.length, 1)
})

t.test('a model in Standard mode is reached by its Service', async t => {
  const [finding] = findingsOf(rule.id, together(model(STANDARD), networkPolicy('{}')))
  const own = finding?.blocked.filter(({ inferenceService }) => inferenceService === 'user1/new')
  t.same(
    own?.map(({ caller, hop }) => `${caller} ${hop}`),
    ['external gateway->pod'],
    'callers in the cluster may be denied on purpose'
  )
})

t.test('the server is named by its pod if no label names it', async t => {
  const other = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: { selector: { x: y }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { namespace: user1, name: backend, labels: { x: y } }
spec: { containers: [] }
`
  const policy = networkPolicy(`{ podSelector: { matchLabels: { x: y } }, ingress: [{ from: [${named('user2')}] }] }`)
  const [finding] = findingsOf(rule.id, together(model(STANDARD), other, policy))
  t.match(finding?.message, / at user1\/backend:8080 \(timeout\)$/)
})
