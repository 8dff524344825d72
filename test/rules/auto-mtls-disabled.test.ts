import t from 'tap'
import rule from '../../src/rules/auto-mtls-disabled.ts'
import { clientRule, configMap, model, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const mesh = (text: string, name = 'istio') => configMap('istio-system', name, { mesh: text })
const OFF = mesh('enableAutoMtls: false')
const PLACE = ['ConfigMap istio-system/istio data.mesh']

testRule(t, rule, {
  'switched off': [OFF, PLACE],
  'switched on': [mesh('enableAutoMtls: true'), []],
  default: [mesh('trustDomain: cluster.local'), []],
  'another ConfigMap': [mesh('enableAutoMtls: false', 'other'), []],
  'mTLS by a DestinationRule for all hosts': [
    together(OFF, clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }')),
    []
  ],
  'mTLS for one port': [
    together(
      OFF,
      clientRule('*.local', '{ portLevelSettings: [{ port: { number: 80 }, tls: { mode: ISTIO_MUTUAL } }] }')
    ),
    []
  ],
  'DestinationRule without tls': [
    together(OFF, clientRule('*.local', '{ connectionPool: { tcp: { maxConnections: 1 } } }')),
    PLACE
  ]
})

t.test('the host of a model in Standard mode is that of its Service', async t => {
  const standard = model(
    ', labels: { sidecar.istio.io/inject: "true" }, annotations: { serving.kserve.io/deploymentMode: Standard }'
  )
  const exposed = (yaml: string) => findingsOf(rule.id, yaml)[0]?.exposes.map(one => one.inferenceService)
  t.ok(exposed(together(OFF, standard))?.includes('user1/new'))
  const mutual = clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
  t.notOk(exposed(together(OFF, standard, mutual))?.includes('user1/new'))
})

t.test('the finding lists the models, and the fix enables auto mTLS', async t => {
  const [finding] = findingsOf(rule.id, OFF)
  t.same(
    finding?.exposes.map(({ what }) => what),
    ['plaintext-sent', 'plaintext-sent']
  )
  t.match(finding?.fix.apply, [{ data: { mesh: 'enableAutoMtls: true' } }])
  const [flow] = findingsOf(rule.id, mesh('{ enableAutoMtls: false }'))
  t.same(flow?.fix.apply, [], 'text that is not one line of YAML is not rewritten')
})
