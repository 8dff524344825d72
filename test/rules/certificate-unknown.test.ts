import t from 'tap'
import rule from '../../src/rules/certificate-unknown.ts'
import { cases } from '../support/cases.ts'

const clientRule = (host: string, policy: string, namespace = 'istio-system') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ${namespace}, name: default }
spec: { host: "${host}", trafficPolicy: ${policy} }
`
const policy = (namespace: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: default }
spec: ${spec}
`
const files = '{ tls: { mode: MUTUAL, clientCertificate: /c, privateKey: /k } }'
const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'

cases(t, rule, {
  'to STRICT pods': [
    `${clientRule('*.user1.svc.cluster.local', files)}---${policy('user1', '{ mtls: { mode: STRICT } }')}`,
    [PLACE]
  ],
  'to pods that are not STRICT it is no question': [clientRule('*.user1.svc.cluster.local', files), []]
})
