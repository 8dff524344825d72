import t from 'tap'
import rule from '../../src/rules/client-tls-to-sidecar.ts'
import { clientRule, policy } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'
const simple = clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')

testRule(t, rule, {
  'SIMPLE to DISABLE pods': [`${simple}---${policy('user1', '{ mtls: { mode: DISABLE } }')}`, [PLACE]],
  'MUTUAL to PERMISSIVE pods': [clientRule('*.user1.svc.cluster.local', '{ tls: { mode: MUTUAL } }'), [PLACE]],
  'credentialName, which only gateways use': [
    clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE, credentialName: c } }'),
    [PLACE]
  ]
})
