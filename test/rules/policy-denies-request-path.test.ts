import t from 'tap'
import rule from '../../src/rules/policy-denies-request-path.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { allow, authorizing, policy } from '../support/objects.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const PLACE = 'AuthorizationPolicy user1/policy spec.rules'

cases(t, rule, {
  'anyone of the mesh': [`${STRICT}---${allow('{ namespaces: ["*"] }')}`, []],
  'nobody but the own namespace': [`${STRICT}---${allow('{ namespaces: [user1] }')}`, [PLACE]],
  'a rule that denies': [
    `${STRICT}---${authorizing('{ action: DENY, rules: [{ from: [{ source: { namespaces: [knative-serving] } }] }] }')}`,
    ['AuthorizationPolicy user1/policy spec.rules[0]']
  ],
  'no rule at all denies nothing': [authorizing('{ action: DENY }'), []],
  'of two that do not let them in, the younger': [
    `${STRICT}---${allow('{ namespaces: [user1] }')}---${authorizing('{ selector: { matchLabels: { component: predictor } } }', 'istio-system').replace('name: policy', 'name: zz')}`,
    ['AuthorizationPolicy istio-system/zz spec.rules']
  ],
  'in a dry run': [
    `${authorizing('{}').replace('name: policy', 'name: policy, annotations: { istio.io/dry-run: "true" }')}`,
    []
  ]
})

t.test('who is refused, and where', async t => {
  const messages = (yaml: string) => findingsOf(rule.id, yaml).map(({ message }) => message)
  t.same(messages(authorizing('{ action: DENY, rules: [{ to: [{ operation: { paths: [/metrics] } }] }] }')), [
    'AuthorizationPolicy user1/policy refuses autoscaler pods at user1/sklearn-iris/metrics'
  ])
  t.same(messages(authorizing('{ selector: { matchLabels: { istio: ingressgateway } } }', 'istio-system')), [
    'AuthorizationPolicy istio-system/policy refuses callers without a sidecar at istio-system gateways'
  ])
  t.same(messages(authorizing('{ selector: { matchLabels: { app: webhook } } }', 'knative-serving')), [
    'AuthorizationPolicy knative-serving/policy refuses the API server at knative-serving/webhook-754f8bc47f-wghnv'
  ])
  t.same(messages(`${STRICT}---${allow('{ namespaces: [user1, istio-system, knative-serving] }')}`), [
    'AuthorizationPolicy user1/policy refuses callers of other namespaces at user1/sklearn-iris'
  ])
  t.same(messages(`${STRICT}---${allow('{ notNamespaces: [user2] }')}`), [
    'AuthorizationPolicy user1/policy refuses sidecars in user2 at user1/sklearn-iris'
  ])
})

t.test('what lets them in', async t => {
  const fixes = (yaml: string) => findingsOf(rule.id, yaml).map(({ fix }) => fix)
  const [byHops] = fixes(`${STRICT}---${allow('{ namespaces: [user1] }')}`)
  t.match(byHops?.apply, [
    {
      metadata: { name: 'policy-hops', namespace: 'user1' },
      spec: {
        rules: [
          {
            from: [{ source: { principals: [/istio-ingressgateway-service-account$/, /activator$/, /autoscaler$/] } }]
          },
          { to: [{ operation: { paths: ['/healthz', '/metrics'] } }] }
        ]
      }
    }
  ])
  const [byRule] = fixes(`${STRICT}---${allow('{ namespaces: [user1, istio-system, knative-serving] }')}`)
  t.match(byRule, {
    text: 'Let in callers of other namespaces by a rule of AuthorizationPolicy user1/policy',
    apply: []
  })
  const [named] = fixes(
    `${STRICT}---${authorizing('{ selector: { matchLabels: { component: predictor } }, rules: [{ from: [{ source: { notNamespaces: [user2] } }] }] }')}`
  )
  t.match(named?.apply, [
    {
      spec: {
        selector: { matchLabels: { component: 'predictor' } },
        rules: [{ from: [{ source: { principals: ['cluster.local/ns/user2/sa/default'] } }] }, {}]
      }
    }
  ])
})
