import t from 'tap'
import rule from '../../src/rules/client-tls-to-sidecar.ts'
import { clientRule, model, pod, policy, together } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const service = (port: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: { selector: { app: isvc.new-predictor }, ports: [${port}] }
`
const PLACE = 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode'
const simple = clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')

testRule(t, rule, {
  'SIMPLE to DISABLE pods': [`${simple}---${policy('user1', '{ mtls: { mode: DISABLE } }')}`, [PLACE]],
  'MUTUAL to PERMISSIVE pods': [clientRule('*.user1.svc.cluster.local', '{ tls: { mode: MUTUAL } }'), [PLACE]],
  'SIMPLE to an application that serves no TLS': [
    together(
      model(', annotations: { serving.kserve.io/deploymentMode: Standard }, labels: { app: isvc.new-predictor }'),
      service('{ name: tcp-model, port: 80, targetPort: 8080 }'),
      pod(
        'user1',
        'new-0',
        'serving.kserve.io/inferenceservice: new, component: predictor, app: isvc.new-predictor',
        'sidecar'
      ).replace(
        'containers: [',
        'containers: [{ name: model, ports: [{ containerPort: 8080 }], readinessProbe: { httpGet: { port: 8080 } } }, '
      ),
      clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }')
    ),
    [PLACE]
  ],
  'credentialName, which only gateways use': [
    clientRule('*.user1.svc.cluster.local', '{ tls: { mode: SIMPLE, credentialName: c } }'),
    [PLACE]
  ]
})
