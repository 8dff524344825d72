import t from 'tap'
import { injection } from '../../src/istio/injection.ts'
import { stockWith } from '../support/snapshot.ts'

const subject = { namespace: 'user1', labels: {}, annotations: {}, hostNetwork: false }
const config = (text: string, name = 'istio-sidecar-injector') => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: ${name} }
data: { config: ${JSON.stringify(text)} }
`

// Vectors from Istio's code cover selectors and values; this test covers the other reasons.
t.test('injection reports why a pod gets no sidecar', async t => {
  const never = 'policy: enabled\nneverInjectSelector: [{ matchLabels: { a: b } }]'
  const always = 'policy: disabled\nalwaysInjectSelector: [{ matchExpressions: [{ key: a, operator: Exists }] }]'
  const kubeSystem =
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: kube-system, labels: { istio-injection: enabled } }'
  for (const [name, yaml, pod, expected] of [
    ['injected', '', {}, { injected: true, webhook: 'namespace.sidecar-injector.istio.io' }],
    ['no injection label', '', { namespace: 'elsewhere' }, { reason: 'not-selected' }],
    ['host network', '', { hostNetwork: true }, { reason: 'host-network' }],
    ['system namespace', kubeSystem, { namespace: 'kube-system' }, { reason: 'system-namespace' }],
    [
      'sidecar.istio.io/inject: false',
      '',
      { annotations: { 'sidecar.istio.io/inject': 'false' } },
      { reason: 'opted-out' }
    ],
    [
      'the label takes precedence over the annotation',
      '',
      { labels: { 'sidecar.istio.io/inject': 'true' }, annotations: { 'sidecar.istio.io/inject': 'false' } },
      { injected: true }
    ],
    [
      'sidecar.istio.io/inject with an unknown value',
      '',
      { annotations: { 'sidecar.istio.io/inject': 'yes' } },
      { injected: true }
    ],
    ['neverInjectSelector', config(never), { labels: { a: 'b' } }, { reason: 'never-inject-selector' }],
    ['alwaysInjectSelector', config(always), { labels: { a: 'b' } }, { injected: true }],
    ['policy disabled', config('policy: disabled'), {}, { reason: 'policy-disabled' }],
    ['configuration that cannot be parsed', config('{{ .Values }}: ['), {}, { injected: true }],
    ['empty configuration', config(''), {}, { injected: true }],
    ['configuration with wrong types', config('policy: []'), {}, { injected: true }],
    [
      'configuration of the revision',
      config('policy: disabled', 'istio-sidecar-injector-default'),
      {},
      { reason: 'policy-disabled' }
    ]
  ] as const) {
    t.match(injection(stockWith(yaml), { ...subject, ...pod }), expected, name)
  }
})

t.test('an injector without revision and configuration injects', async t => {
  const state = stockWith(`
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector }
webhooks: [{ name: namespace.sidecar-injector.istio.io }]
`).withAll('ConfigMap', [])
  t.match(injection(state, subject), { injected: true })
})
