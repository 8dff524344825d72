import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/plaintext-to-strict-workload.ts'
import { clientRule, graph, KNATIVE_WITHOUT_SIDECARS, model, namespace, policy, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const HOSTS = '*.user1.svc.cluster.local'
const FIELD = 'spec.trafficPolicy.tls.mode'
const mesh = (text: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: istio }
data: { mesh: "${text}" }
`

testRule(t, rule, {
  'auto mTLS': [STRICT, []],
  'DestinationRule without mode': [
    `${STRICT}---${clientRule(HOSTS, '{ tls: {} }')}`,
    [`DestinationRule istio-system/default ${FIELD}`]
  ],
  'credentialName, which sidecars ignore': [
    `${STRICT}---${clientRule(HOSTS, '{ tls: { mode: SIMPLE, credentialName: c } }', 'user1')}`,
    [`DestinationRule user1/default ${FIELD}`]
  ],
  'DISABLE for the namespace, STRICT for the pods': [
    `${policy('user1', '{ mtls: { mode: DISABLE } }')}---${policy('user1', '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT } }').replace('name: default', 'name: models')}`,
    ['PeerAuthentication user1/default spec.mtls.mode']
  ],
  'auto mTLS disabled': [`${STRICT}---${mesh('enableAutoMtls: false')}`, ['ConfigMap istio-system/istio data.mesh']],
  'pod with the label tlsMode: disabled': [
    `${STRICT}---${model(', labels: { security.istio.io/tlsMode: disabled }')}`,
    ['PeerAuthentication user1/default spec.mtls.mode']
  ]
})

t.test('activator and autoscaler without sidecars send plaintext', async t => {
  const [finding] = findingsOf(rule.id, `${KNATIVE_WITHOUT_SIDECARS}---${STRICT}`)
  t.match(finding, {
    message: /^activator pods send plaintext to sklearn-iris-predictor-00001-private.user1 \(STRICT: /,
    fix: { text: /^First label namespace knative-serving istio-injection=enabled/ }
  })
})

t.test('the activator of models in ambient mode gets the same mode', async t => {
  const inAmb = (yaml: string) => yaml.replaceAll('user1', 'amb')
  const models = inAmb(together(namespace('istio.io/dataplane-mode: ambient'), model(''), STRICT))
  const fixes = findingsOf(rule.id, together(KNATIVE_WITHOUT_SIDECARS, models)).map(({ fix }) => fix)
  t.match(fixes, [{ text: /^First label namespace knative-serving istio.io\/dataplane-mode=ambient; or accept / }])
})

t.test('a Sidecar that does not import models makes the activator and the autoscaler send plaintext', async t => {
  const sidecar = (hosts: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: knative-serving, name: default }
spec: { egress: [{ hosts: ${hosts} }] }
`
  const [finding, ...others] = findingsOf(rule.id, together(STRICT, sidecar('["./*"]')))
  t.match(finding, {
    object: { kind: 'Sidecar', namespace: 'knative-serving' },
    field: 'spec.egress',
    message: / does not import sklearn-iris-predictor-00001-private.user1, so clients send plaintext to a TLS port$/,
    fix: { apply: [{ kind: 'Sidecar', spec: { egress: [{ hosts: ['./*', 'user1/*'] }] } }] }
  })
  t.same(others, [])
  t.same(findingsOf(rule.id, together(STRICT, sidecar('["./*", "user1/*"]'))), [])
  const after = resourceOf(STRICT)
  const change = { operation: 'CREATE', after } as const
  const { findings } = decide(stockWith(sidecar('["./*"]')), change, RULES, DEFAULT_POLICY)
  t.match(
    findings.find(one => one.rule === rule.id),
    { object: { kind: 'PeerAuthentication' }, fix: { apply: [{ kind: 'Sidecar' }] } },
    'the changed PeerAuthentication is reported, and the Sidecar is the fix'
  )
})

t.test('the fix accepts plaintext only on the ports that clients without sidecars call', async t => {
  const fixesOf = (yaml: string) => findingsOf(rule.id, yaml).flatMap(({ fix: { apply = [] } }) => apply)
  const PORTS = { 8012: { mode: 'PERMISSIVE' }, 9090: { mode: 'PERMISSIVE' } }
  t.match(
    fixesOf(`${KNATIVE_WITHOUT_SIDECARS}---${STRICT}`).filter(({ metadata }) =>
      metadata.name.startsWith('sklearn-iris-p')
    ),
    [
      {
        kind: 'PeerAuthentication',
        metadata: { name: 'sklearn-iris-plaintext-ports', namespace: 'user1' },
        spec: {
          selector: { matchLabels: { 'serving.kserve.io/inferenceservice': 'sklearn-iris' } },
          portLevelMtls: PORTS
        }
      }
    ]
  )
  const selecting = policy('user1', '{ selector: { matchLabels: { component: predictor } }, mtls: { mode: STRICT } }')
  t.match(
    fixesOf(`${KNATIVE_WITHOUT_SIDECARS}---${selecting}`),
    [{ metadata: { name: 'default' }, spec: { mtls: { mode: 'STRICT' }, portLevelMtls: PORTS } }],
    'a second policy for the same pods would have no effect'
  )
})

t.test('the fix enables auto mTLS if the key is on a line of its own', async t => {
  const fixesOf = (text: string) =>
    findingsOf(rule.id, `${STRICT}---${mesh(text)}`).flatMap(({ fix: { apply = [] } }) => apply.map(({ data }) => data))
  t.same(fixesOf('trustDomain: cluster.local\\nenableAutoMtls: false'), [
    { mesh: 'trustDomain: cluster.local\nenableAutoMtls: true' }
  ])
  t.same(fixesOf('{ enableAutoMtls: false }'), [])
})

t.test('callers without a sidecar send plaintext to a STRICT model in Standard mode', async t => {
  const state = stockWith(model(', annotations: { serving.kserve.io/deploymentMode: Standard }'))
  const change = { operation: 'CREATE', after: resourceOf(STRICT) } as const
  t.match(decide(state, change, RULES, DEFAULT_POLICY), {
    decision: 'warn',
    findings: [
      {
        rule: rule.id,
        field: 'spec.mtls.mode',
        fix: { text: 'Keep PeerAuthentication user1/default PERMISSIVE while callers without a sidecar exist' }
      }
    ]
  })
})

t.test('an InferenceGraph that loses its sidecars is reported', async t => {
  const standard = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
  const state = stockWith(together(STRICT, standard, graph('')))
  const before = state.get('InferenceGraph', 'user1', 'graph')
  if (before === undefined) throw new Error('no graph')
  const after = resourceOf(graph(', labels: { sidecar.istio.io/inject: "false" }'))
  t.match(decide(state, { operation: 'UPDATE', before, after }, RULES, DEFAULT_POLICY), {
    decision: 'deny',
    findings: [
      {
        rule: rule.id,
        object: { kind: 'InferenceGraph', name: 'graph' },
        message:
          'InferenceGraph user1/graph has no sidecar and sends plaintext to new-predictor.user1, which accepts only TLS'
      }
    ]
  })
})
