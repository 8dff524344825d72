import t from 'tap'
import rule from '../../src/rules/client-certificate-unverifiable.ts'
import { clientRule, policy } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const files = '{ tls: { mode: MUTUAL, clientCertificate: /c, privateKey: /k } }'
const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'

testRule(t, rule, {
  'STRICT pods': [
    `${clientRule('*.user1.svc.cluster.local', files)}---${policy('user1', '{ mtls: { mode: STRICT } }')}`,
    [PLACE]
  ],
  'PERMISSIVE pods': [clientRule('*.user1.svc.cluster.local', files), []]
})
