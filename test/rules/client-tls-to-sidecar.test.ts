import t from 'tap'
import rule from '../../src/rules/client-tls-to-sidecar.ts'
import { cases } from '../support/cases.ts'
import { clientRule, policy } from '../support/objects.ts'

const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'
const simple = clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')

cases(t, rule, {
  'whatever the mode of the pods': [`${simple}---${policy('user1', '{ mtls: { mode: DISABLE } }')}`, [PLACE]],
  'with a certificate, unless the pods are STRICT': [
    clientRule('*.user1.svc.cluster.local', '{ tls: { mode: MUTUAL } }'),
    [PLACE]
  ],
  'a credential by name is ignored by sidecars, not by gateways': [
    clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE, credentialName: c } }'),
    [PLACE]
  ]
})
