import t from 'tap'
import rule from '../../src/rules/portlevelmtls-uses-service-port.ts'
import { model, policy } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const ports = (keys: string, of = 'sklearn-iris') =>
  policy(
    'user1',
    `{ selector: { matchLabels: { serving.kserve.io/inferenceservice: ${of} } }, portLevelMtls: ${keys} }`
  )
const STANDARD = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
const place = (port: number) => `PeerAuthentication user1/default spec.portLevelMtls[${port}]`

testRule(t, rule, {
  'ports of the pods': [ports('{ 8012: { mode: PERMISSIVE }, 9090: { mode: PERMISSIVE } }'), []],
  'ports of the Services': [ports('{ 80: { mode: PERMISSIVE }, 443: { mode: PERMISSIVE } }'), [place(80), place(443)]],
  'port of neither': [ports('{ 1234: { mode: PERMISSIVE } }'), []],
  'a key of JavaScript objects in place of a port': [ports('{ constructor: { mode: PERMISSIVE } }'), []],
  'pods of no model': [ports('{ 80: { mode: PERMISSIVE } }', 'other'), []],
  'policy without a selector': [policy('user1', '{ portLevelMtls: { 80: { mode: PERMISSIVE } } }'), []],
  'pods that listen on port 80': [
    `${ports('{ 80: { mode: PERMISSIVE } }', 'new')}---${model('')}---
apiVersion: v1
kind: Pod
metadata:
  { namespace: user1, name: new, labels: { serving.kserve.io/inferenceservice: new, component: predictor } }
spec: { containers: [{ name: main, ports: [{ containerPort: 80 }] }] }
`,
    []
  ],
  'Standard mode': [`${ports('{ 80: { mode: PERMISSIVE } }', 'new')}---${STANDARD}`, [place(80)]]
})

t.test('the fix uses the port of the pods', async t => {
  const fix = (yaml: string) => findingsOf(rule.id, yaml)[0]?.fix
  t.match(fix(ports('{ 80: { mode: DISABLE }, 9090: { mode: PERMISSIVE } }')), {
    text: 'Use 8012, the port of the pods',
    apply: [{ spec: { portLevelMtls: { 8012: { mode: 'DISABLE' }, 9090: { mode: 'PERMISSIVE' } } } }]
  })
  t.match(fix(`${ports('{ 80: { mode: DISABLE } }', 'new')}---${STANDARD}`), {
    text: 'Use 8080, the port of the pods'
  })
})
