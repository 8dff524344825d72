import t from 'tap'
import { stringify } from 'yaml'
import rule from '../../src/rules/policy-denies-request-path.ts'
import { allow, authorizing, policy } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const PLACE = 'AuthorizationPolicy user1/policy spec.rules'

testRule(t, rule, {
  'ALLOW any mesh identity': [`${STRICT}---${allow('{ namespaces: ["*"] }')}`, []],
  'ALLOW only the own namespace': [`${STRICT}---${allow('{ namespaces: [user1] }')}`, [PLACE]],
  'DENY rule for Knative': [
    `${STRICT}---${authorizing('{ action: DENY, rules: [{ from: [{ source: { namespaces: [knative-serving] } }] }] }')}`,
    ['AuthorizationPolicy user1/policy spec.rules[0]']
  ],
  'DENY without rules': [authorizing('{ action: DENY }'), []],
  'two ALLOW policies: the newest is reported': [
    `${STRICT}---${allow('{ namespaces: [user1] }')}---${authorizing('{ selector: { matchLabels: { component: predictor } } }', 'istio-system').replace('name: policy', 'name: zz')}`,
    ['AuthorizationPolicy istio-system/zz spec.rules']
  ],
  'dry-run policy': [
    `${authorizing('{}').replace('name: policy', 'name: policy, annotations: { istio.io/dry-run: "true" }')}`,
    []
  ]
})

t.test('the message names caller and server', async t => {
  const messages = (yaml: string) => findingsOf(rule.id, yaml).map(({ message }) => message)
  t.same(messages(authorizing('{ action: DENY, rules: [{ to: [{ operation: { paths: [/metrics] } }] }] }')), [
    'AuthorizationPolicy user1/policy denies autoscaler pods at user1/sklearn-iris/metrics (403)'
  ])
  t.same(messages(authorizing('{ selector: { matchLabels: { istio: ingressgateway } } }', 'istio-system')), [
    'AuthorizationPolicy istio-system/policy denies callers without a sidecar at istio-system gateways (403)'
  ])
  t.same(messages(authorizing('{ selector: { matchLabels: { app: webhook } } }', 'knative-serving')), [
    'AuthorizationPolicy knative-serving/policy denies the API server at knative-serving/webhook-754f8bc47f-wghnv (403)'
  ])
  t.same(messages(`${STRICT}---${allow('{ namespaces: [user1, istio-system, knative-serving] }')}`), [
    'AuthorizationPolicy user1/policy denies callers of other namespaces at user1/sklearn-iris (403)'
  ])
  t.same(messages(`${STRICT}---${allow('{ notNamespaces: [user2] }')}`), [
    'AuthorizationPolicy user1/policy denies sidecars in user2 at user1/sklearn-iris (403)'
  ])
})

t.test('the fix allows the denied callers', async t => {
  const fixes = (yaml: string) => findingsOf(rule.id, yaml).map(({ fix }) => fix)
  const [byHops] = fixes(`${STRICT}---${allow('{ namespaces: [user1] }')}`)
  const hops = [
    {
      from: [
        {
          source: {
            principals: [
              'cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account',
              'cluster.local/ns/knative-serving/sa/activator',
              'cluster.local/ns/knative-serving/sa/autoscaler'
            ]
          }
        }
      ]
    },
    { to: [{ operation: { paths: ['/healthz', '/metrics'] } }] }
  ]
  t.match(byHops?.apply, [
    {
      metadata: { name: 'policy', namespace: 'user1' },
      spec: { rules: [{ from: [{ source: { namespaces: ['user1'] } }] }, ...hops] }
    }
  ])
  const root =
    '{ selector: { matchLabels: { component: predictor } }, rules: [{ from: [{ source: { namespaces: [user1] } }] }] }'
  const [additional] = fixes(`${STRICT}---${authorizing(root, 'istio-system')}`).filter(
    ({ apply = [] }) => apply.length > 0
  )
  t.match(additional?.apply, [
    { metadata: { name: 'policy-hops', namespace: 'user1' }, spec: { action: 'ALLOW', rules: hops } }
  ])
  const long = Array.from({ length: 300 }, (_, i) => `namespace-${i}`).join()
  const [ofLong] = fixes(`${STRICT}---${allow(`{ namespaces: [${long}] }`)}`)
  t.match(
    ofLong?.apply,
    [{ metadata: { name: 'policy-hops' }, spec: { rules: hops } }],
    'a long policy is not repeated'
  )
  const [byRule] = fixes(`${STRICT}---${allow('{ namespaces: [user1, istio-system, knative-serving] }')}`)
  t.match(byRule, {
    text: 'Add a rule that allows callers of other namespaces to AuthorizationPolicy user1/policy',
    apply: []
  })
  const [named] = fixes(
    `${STRICT}---${authorizing('{ selector: { matchLabels: { component: predictor } }, rules: [{ from: [{ source: { notNamespaces: [user2] } }] }] }')}`
  )
  t.match(named?.apply, [
    {
      spec: {
        selector: { matchLabels: { component: 'predictor' } },
        rules: [{}, { from: [{ source: { principals: ['cluster.local/ns/user2/sa/default'] } }] }, {}]
      }
    }
  ])
})

t.test('the fix for a webhook admits any caller to its port', async t => {
  const denying = authorizing('{ selector: { matchLabels: { app: webhook } } }', 'knative-serving')
  const [found] = findingsOf(rule.id, denying)
  const fix = {
    text: 'Allow requests to the port of the webhook with the policy below',
    apply: [
      {
        kind: 'AuthorizationPolicy',
        metadata: { name: 'webhook-callers', namespace: 'knative-serving' },
        spec: {
          action: 'ALLOW',
          selector: { matchLabels: { app: 'webhook' } },
          rules: [{ to: [{ operation: { ports: ['8443'] } }] }]
        }
      }
    ]
  }
  t.match(found?.fix, fix)
  const fixed = `${denying}---\n${stringify(found?.fix.apply?.[0])}`
  t.same(findingsOf(rule.id, fixed), [], 'it works')
})
