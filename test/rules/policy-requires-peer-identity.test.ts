import t from 'tap'
import rule from '../../src/rules/policy-requires-peer-identity.ts'
import {
  allow,
  clientRule,
  configMap,
  KNATIVE_WITHOUT_SIDECARS,
  model,
  namespace,
  policy,
  together
} from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const MESH = allow('{ namespaces: ["*"] }')
const PLACE = 'AuthorizationPolicy user1/policy spec.rules'
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')

testRule(t, rule, {
  PERMISSIVE: [MESH, [PLACE]],
  STRICT: [`${STRICT}---${MESH}`, []],
  'mesh-compatibility-mode enabled': [
    `${configMap('knative-serving', 'config-network', { 'mesh-compatibility-mode': 'enabled' })}---${MESH}`,
    []
  ],
  'rule without identities': [allow('{ ipBlocks: [10.0.0.0/8] }'), []]
})

t.test('the fix makes the namespace STRICT or names the client without mTLS', async t => {
  const fixes = (yaml: string) => findingsOf(rule.id, yaml).map(({ fix }) => fix)
  t.match(fixes(MESH), [
    { apply: [{ apiVersion: 'security.istio.io/v1', metadata: { name: 'default', namespace: 'user1' } }] }
  ])
  const own = policy('user1', '{ mtls: { mode: PERMISSIVE } }').replace('name: default', 'name: own')
  t.match(fixes(`${own}---${MESH}`), [{ apply: [{ metadata: { name: 'own' }, spec: { mtls: { mode: 'STRICT' } } }] }])
  t.match(fixes(`${policy('istio-system', '{ mtls: { mode: PERMISSIVE } }').replace('/v1', '/v1beta1')}---${MESH}`), [
    { apply: [{ apiVersion: 'security.istio.io/v1beta1' }] }
  ])
  t.match(fixes(`${KNATIVE_WITHOUT_SIDECARS}---${MESH}`), [
    { text: 'First label namespace knative-serving istio-injection=enabled and restart activator', apply: undefined }
  ])
  const models = together(namespace('istio.io/dataplane-mode: ambient'), model(''), MESH).replaceAll('user1', 'amb')
  t.match(findingsOf(rule.id, together(KNATIVE_WITHOUT_SIDECARS, models)), [
    {
      symptom: /^connection reset/,
      fix: { text: 'First label namespace knative-serving istio.io/dataplane-mode=ambient' }
    }
  ])
  const plain = clientRule('*.user1.svc.cluster.local', '{ tls: { mode: DISABLE } }', 'user2')
  const compatible = configMap('knative-serving', 'config-network', { 'mesh-compatibility-mode': 'enabled' })
  t.match(fixes([plain, compatible, MESH].join('---')), [{ text: /^First make sidecars in user2 send mTLS/ }])
})
