import t from 'tap'
import rule from '../../src/rules/webhook-behind-strict-mtls.ts'
import { cases, findingsOf } from '../support/cases.ts'
import { policy } from '../support/objects.ts'

const webhook = (spec: string) =>
  policy('knative-serving', `{ selector: { matchLabels: { app: webhook } }, ${spec} }`).replace(
    'name: default',
    'name: webhook'
  )
/** Its port, with a name that makes Istio take it for HTTP. */
const service = `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: webhook }
spec: { selector: { app: webhook }, ports: [{ name: http-webhook, port: 443, targetPort: 8443 }] }
`

cases(t, rule, {
  'STRICT with Knative as it ships': [policy('knative-serving', '{ mtls: { mode: STRICT } }'), []],
  'the exception is gone': [
    webhook('mtls: { mode: STRICT }'),
    ['PeerAuthentication knative-serving/webhook spec.mtls.mode']
  ],
  'for the port of the Service instead of the pod': [
    webhook('mtls: { mode: STRICT }, portLevelMtls: { 443: { mode: PERMISSIVE } }'),
    ['PeerAuthentication knative-serving/webhook spec.mtls.mode']
  ],
  'HTTP to Istio': [service, ['ValidatingWebhookConfiguration /validation.webhook.serving.knative.dev webhooks']]
})

t.test('what and why', async t => {
  const [strict] = findingsOf(rule.id, webhook('mtls: { mode: STRICT }'))
  t.match(strict, {
    message:
      'Webhook validation.webhook.serving.knative.dev is out of reach: PeerAuthentication knative-serving/webhook is STRICT',
    fix: { apply: [{ metadata: { name: 'webhook' }, spec: { portLevelMtls: { 8443: { mode: 'PERMISSIVE' } } } }] }
  })
  const [http] = findingsOf(rule.id, service)
  t.match(http?.message, /its pods is HTTP to Istio$/)
})
