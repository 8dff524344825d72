import t from 'tap'
import { controlPlanePaths } from '../../src/request/control-plane.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { authorization, configMap, kserveConfig, policy, together } from '../support/objects.ts'
import { describePath } from '../support/paths.ts'
import { stateOf, stockWith } from '../support/snapshot.ts'

const lines = (state: Snapshot) => controlPlanePaths(state).map(describePath)
/** Failed hops of the control plane, one line each. */
const failures = (...objects: readonly string[]) =>
  controlPlanePaths(stockWith(together(...objects))).flatMap(({ entry, hops }) =>
    hops.flatMap(({ failure }) => {
      if (failure === undefined) return []
      if (failure.cause === 'webhook-refused')
        return [`${entry} ${failure.cause} ${failure.at?.name} ${failure.configuration.name}`]
      if (failure.cause === 'configuration-rejected') return [`${entry} ${failure.field} ${failure.reason}`]
      return [`${entry} ${failure.cause}`]
    })
  )

t.test('the default installation has paths to webhooks and controllers', async t => {
  t.same(lines(stockWith()), [
    'system webhook kserve/kserve-webhook-server-service:443 apiserver->webhook',
    'system webhook istio-system/istiod:443 apiserver->webhook',
    'system webhook knative-serving/net-istio-webhook:443 apiserver->webhook',
    'system webhook knative-serving/webhook:443 apiserver->webhook',
    'system KServe controller',
    'system Knative controller'
  ])
  t.same(lines(stateOf('')), ['system KServe controller', 'system Knative controller'], 'no installation')
})

t.test('policies and Services can block calls of the API server to webhooks', async t => {
  const webhook = 'webhook knative-serving/webhook:443'
  const netIstio = 'webhook knative-serving/net-istio-webhook:443'
  const strict = policy('knative-serving', '{ mtls: { mode: STRICT } }')
  t.same(failures(strict), [], 'Knative exempts its ports')
  const strictSelector = policy(
    'knative-serving',
    '{ selector: { matchLabels: { app: webhook } }, mtls: { mode: STRICT } }'
  )
  const withoutExemption = strict.replace('name: default', 'name: webhook')
  t.same(failures(withoutExemption), [`${webhook} webhook-refused webhook validation.webhook.serving.knative.dev`])
  t.same(
    failures(strictSelector.replace('name: default', 'name: younger')),
    [],
    'the oldest PeerAuthentication takes precedence'
  )
  const http = `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: webhook }
spec: { selector: { app: webhook }, ports: [{ name: http, port: 443, targetPort: 8443 }] }
`
  t.same(
    failures(http),
    [`${webhook} webhook-refused undefined validation.webhook.serving.knative.dev`],
    'an HTTP port accepts no TLS'
  )
  const otherPort = http.replace('port: 443', 'port: 8443')
  t.same(failures(otherPort), [], 'missing port is not reported')
  const deny = (port: number) => `{ action: DENY, rules: [{ to: [{ operation: { ports: ["${port}"] } }] }] }`
  t.same(failures(authorization('knative-serving', deny(8443))), [
    `${netIstio} refused-by-policy`,
    `${webhook} refused-by-policy`
  ])
  t.same(failures(authorization('knative-serving', deny(8080))), [])
  t.same(failures(authorization('kserve', '{}')), [], 'pods without a sidecar enforce no policy')
})

const configuration = (name: string, webhook: string, more: string, namespace = 'kubeflow') => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: ${name} }
webhooks:
  - { name: ${webhook}, ${more}, clientConfig: { service: { namespace: ${namespace}, name: hook } } }
`
/** CustomResourceDefinition with a conversion. */
const definition = (group: string, conversion: string) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: examples.${group} }
spec: { group: ${group}, conversion: ${conversion} }
`
const BY_WEBHOOK = '{ strategy: Webhook, webhook: { clientConfig: { service: { namespace: kubeflow, name: hook } } } }'
const CONTROLLERS = ['system KServe controller', 'system Knative controller']

t.test('a webhook is evaluated if KServe, Knative or Istio owns it, whatever its namespace', async t => {
  const hook = 'system webhook kubeflow/hook:443 apiserver->webhook'
  const validator = 'llminferenceservice.kserve-webhook-server.v1alpha2.validator'
  const model = `
apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata: { namespace: user1, name: llm }
spec: {}
`
  for (const [name, objects, isEvaluated] of [
    ['KServe', configuration('a', 'trainedmodel.kserve-webhook-server.validator', 'failurePolicy: Fail'), true],
    ['KServe, by configuration', configuration('a.serving.kserve.io', 'a', 'failurePolicy: Fail'), true],
    ['Knative Serving', configuration('a', 'webhook.serving.knative.dev', 'failurePolicy: Fail'), true],
    ['net-istio', configuration('a', 'webhook.istio.networking.internal.knative.dev', 'failurePolicy: Fail'), true],
    ['Istio', configuration('a', 'rev.validation.istio.io', 'failurePolicy: Fail'), true],
    ['failurePolicy is absent', configuration('a', 'rev.validation.istio.io', 'sideEffects: None'), true],
    ['failurePolicy: Ignore', configuration('a', 'rev.validation.istio.io', 'failurePolicy: Ignore'), false],
    ['Kubeflow Pipelines', configuration('a', 'cache-server.kubeflow.svc', 'failurePolicy: Fail'), false],
    ['Knative Eventing', configuration('a', 'webhook.eventing.knative.dev', 'failurePolicy: Fail'), false],
    [
      'another product in the namespace of KServe',
      configuration('a', 'a.b.io', 'failurePolicy: Fail', 'kserve'),
      false
    ],
    ['LLMInferenceService without objects', configuration('a', validator, 'failurePolicy: Fail'), false],
    ['LLMInferenceService', together(model, configuration('a', validator, 'failurePolicy: Fail')), true],
    [
      'one of two webhooks at a Service has failurePolicy: Fail',
      together(
        configuration('a', 'a.istio.io', 'failurePolicy: Ignore'),
        configuration('b', 'b.istio.io', 'failurePolicy: Fail')
      ),
      true
    ],
    ['conversion of KServe', definition('serving.kserve.io', BY_WEBHOOK), true],
    ['conversion of Knative', definition('autoscaling.internal.knative.dev', BY_WEBHOOK), true],
    ['conversion of Istio', definition('security.istio.io', BY_WEBHOOK), true],
    ['conversion of another product', definition('example.com', BY_WEBHOOK), false],
    ['no conversion webhook', definition('serving.kserve.io', BY_WEBHOOK.replace('Webhook', 'None')), false],
    ['no conversion', definition('serving.kserve.io', 'null'), false]
  ] as const) {
    t.same(lines(stateOf(objects)), isEvaluated ? [hook, ...CONTROLLERS] : CONTROLLERS, name)
  }
})

t.test('a webhook without a Service of the cluster has no path', async t => {
  const other = (clientConfig: string) => `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: other }
webhooks: [{ name: a.istio.io, ${clientConfig} }]
`
  for (const config of [
    'clientConfig: { url: "https://example.com" }',
    'clientConfig: { service: { namespace: kserve } }',
    'sideEffects: None'
  ]) {
    t.same(lines(stateOf(other(config))), CONTROLLERS, config)
  }
  const missing = stateOf(other('clientConfig: { service: { namespace: kserve, name: gone } }'))
  t.same(lines(missing)[0], 'system webhook kserve/gone:443 apiserver->webhook', 'missing Service is not reported')
})

t.test('controllers reject invalid configurations', async t => {
  const autoscaler = (value: string) =>
    configMap('knative-serving', 'config-autoscaler', { 'target-burst-capacity': value })
  const istio = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-istio', data)
  const capacity = 'Knative data.target-burst-capacity value must be -1 or at least 0'
  for (const [name, config, expected] of [
    ['burst capacity', autoscaler('0'), []],
    ['burst capacity -1', autoscaler('-1'), []],
    ['burst capacity NaN', autoscaler('NaN'), []],
    ['a negative burst capacity', autoscaler('-2'), [capacity]],
    ['burst capacity that is not a number', autoscaler('200 '), [capacity]],
    ['gateways as lists', istio({ 'external-gateways': '[]', 'local-gateways': '[]' }), []],
    ['gateways as keys', istio({ 'gateway.a.b': 'c', 'local-gateway.a.b': 'c' }), []],
    [
      'external gateways as list, local ones as keys',
      istio({ 'external-gateways': '[]', 'local-gateway.a.b': 'c' }),
      ['Knative data.local-gateway.a.b external-gateways cannot be combined with keys of the older form']
    ],
    [
      'local gateways as list, external ones as keys',
      istio({ 'gateway.a.b': 'c', 'local-gateways': '[]' }),
      ['Knative data.gateway.a.b local-gateways cannot be combined with keys of the older form']
    ],
    [
      'KServe without an ingress gateway',
      kserveConfig({ ingressGateway: '' }),
      ['KServe data.ingress ingressGateway is required']
    ]
  ] as const) {
    t.same(failures(config), expected, name)
  }
})
