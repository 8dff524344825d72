import t from 'tap'
import rule from '../../src/rules/webhook-behind-strict-mtls.ts'
import { policy, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const webhook = (spec: string) =>
  policy('knative-serving', `{ selector: { matchLabels: { app: webhook } }, ${spec} }`).replace(
    'name: default',
    'name: webhook'
  )
/** Service of the webhook with a port name that selects HTTP. */
const service = `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: webhook }
spec: { selector: { app: webhook }, ports: [{ name: http-webhook, port: 443, targetPort: 8443 }] }
`

/** CustomResourceDefinition of KServe whose conversion webhook is behind this Service. */
const conversion = (name: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: llminferenceserviceconfigs.serving.kserve.io }
spec:
  group: serving.kserve.io
  conversion:
    strategy: Webhook
    webhook: { clientConfig: { service: { namespace: knative-serving, name: ${name} } } }
`
/** Service of a conversion webhook at the pods of Knative's webhook, on a port without exception. */
const converter = (portName: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: converter }
spec: { selector: { app: webhook }, ports: [{ name: ${portName}, port: 443, targetPort: 9443 }] }
`
const strict = policy('knative-serving', '{ mtls: { mode: STRICT } }')

testRule(t, rule, {
  'STRICT for a conversion webhook of KServe': [
    together(strict, converter('https'), conversion('converter')),
    ['PeerAuthentication knative-serving/default spec.mtls.mode']
  ],
  'HTTP port of a conversion webhook': [
    together(converter('http'), conversion('converter')),
    ['CustomResourceDefinition /llminferenceserviceconfigs.serving.kserve.io spec.conversion']
  ],
  'conversion webhook on an exempt port': [together(strict, conversion('webhook')), []],
  'STRICT with Knative as it ships': [policy('knative-serving', '{ mtls: { mode: STRICT } }'), []],
  'no exception for the port': [
    webhook('mtls: { mode: STRICT }'),
    ['PeerAuthentication knative-serving/webhook spec.mtls.mode']
  ],
  'exception for the Service port instead of the pod port': [
    webhook('mtls: { mode: STRICT }, portLevelMtls: { 443: { mode: PERMISSIVE } }'),
    ['PeerAuthentication knative-serving/webhook spec.mtls.mode']
  ],
  'HTTP port': [service, ['ValidatingWebhookConfiguration /validation.webhook.serving.knative.dev webhooks']]
})

t.test('the message names the policy, and the fix excepts the webhook port', async t => {
  const [strict] = findingsOf(rule.id, webhook('mtls: { mode: STRICT }'))
  t.match(strict, {
    message:
      'Webhook validation.webhook.serving.knative.dev is unreachable: PeerAuthentication knative-serving/webhook is STRICT',
    fix: { apply: [{ metadata: { name: 'webhook' }, spec: { portLevelMtls: { 8443: { mode: 'PERMISSIVE' } } } }] }
  })
  const [http] = findingsOf(rule.id, service)
  t.match(http?.message, /Istio treats port 8443 of its pods as HTTP$/)
})

t.test('the message about a conversion webhook names its CustomResourceDefinition', async t => {
  const [found] = findingsOf(rule.id, together(strict, converter('https'), conversion('converter')))
  t.match(
    found?.message,
    /^Conversion of llminferenceserviceconfigs.serving.kserve.io fails: PeerAuthentication .* is STRICT$/
  )
})
