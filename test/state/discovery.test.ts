import t from 'tap'
import { sourceText } from '../../src/state/discovery.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../src/state/settings.ts'
import { configMap } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'

const webhooks = (kind: string, name: string, webhook: string, namespace: string, service: string, labels = '') => `
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, labels: { ${labels} } }
webhooks: [{ name: ${webhook}, clientConfig: { service: { namespace: ${namespace}, name: ${service} } } }]
`
const kserveWebhook = (namespace: string) =>
  webhooks(
    'ValidatingWebhookConfiguration',
    'inferenceservice.serving.kserve.io',
    'inferenceservice.kserve-webhook-server.validator',
    namespace,
    'kserve-webhook-server-service'
  )
const knativeWebhook = (namespace: string) =>
  webhooks(
    'MutatingWebhookConfiguration',
    'webhook.serving.knative.dev',
    'webhook.serving.knative.dev',
    namespace,
    'webhook'
  )
const injector = (name: string, labels: string, namespace = 'istio-system') =>
  webhooks('MutatingWebhookConfiguration', name, 'rev.sidecar-injector.istio.io', namespace, 'istiod', labels)
const otherWebhook = webhooks(
  'MutatingWebhookConfiguration',
  'cache',
  'cache-server.kubeflow.svc',
  'kubeflow',
  'cache-server'
)
const kserveMap = (namespace: string) => configMap(namespace, 'inferenceservice-config', {})

/** Namespace and source of KServe, Knative Serving and each revision of Istio. */
function installations(yaml: readonly string[], settings: Partial<Settings> = {}) {
  const state = stateOf(yaml.join('---'), { ...DEFAULT_SETTINGS, ...settings })
  const { kserve, knative, istio } = state.settings.installations
  return {
    kserve: `${kserve.namespace}: ${sourceText(kserve)}`,
    knative: `${knative.namespace}: ${sourceText(knative)}`,
    istio: istio.map(one => `${one.revision} in ${one.namespace}: ${sourceText(one)}`)
  }
}

const ASSUMED = {
  kserve: 'kserve: assumed',
  knative: 'knative-serving: assumed',
  istio: ['default in istio-system: assumed']
}

t.test('control planes are discovered from webhooks, else from ConfigMaps', async t => {
  for (const [name, yaml, expected] of [
    ['empty state', [], {}],
    ['webhook of another controller', [otherWebhook], {}],
    ['webhook with a placeholder', [kserveWebhook('$(kserveNamespace)')], {}],
    [
      'KServe webhook',
      [kserveWebhook('kubeflow'), kserveMap('kserve')],
      { kserve: 'kubeflow: ValidatingWebhookConfiguration inferenceservice.serving.kserve.io' }
    ],
    [
      'KServe ConfigMap',
      [kserveMap('opendatahub')],
      { kserve: 'opendatahub: ConfigMap opendatahub/inferenceservice-config' }
    ],
    ['ConfigMaps in two namespaces', [kserveMap('a'), kserveMap('b')], {}],
    [
      'ConfigMaps in two namespaces, one of them the default',
      [kserveMap('a'), kserveMap('kserve')],
      { kserve: 'kserve: ConfigMap kserve/inferenceservice-config' }
    ],
    [
      'Knative webhook',
      [knativeWebhook('kubeflow'), configMap('knative-serving', 'config-network', {})],
      { knative: 'kubeflow: MutatingWebhookConfiguration webhook.serving.knative.dev' }
    ],
    [
      'Knative ConfigMap',
      [configMap('serverless', 'config-domain', {})],
      { knative: 'serverless: ConfigMap serverless/config-domain' }
    ],
    [
      'default revision by the injector',
      [injector('istio-sidecar-injector', 'istio.io/rev: default', 'mesh')],
      { istio: ['default in mesh: MutatingWebhookConfiguration istio-sidecar-injector'] }
    ],
    [
      'injector without revision label',
      [injector('istio-sidecar-injector', '')],
      { istio: ['default in istio-system: MutatingWebhookConfiguration istio-sidecar-injector'] }
    ],
    [
      'several revisions; the tag "default" takes precedence',
      [
        injector('istio-sidecar-injector-1-23', 'istio.io/rev: 1-23'),
        injector('istio-sidecar-injector-1-24', 'istio.io/rev: 1-24'),
        injector('istio-revision-tag-default', 'istio.io/rev: 1-24, istio.io/tag: default')
      ],
      {
        istio: [
          '1-24 in istio-system: MutatingWebhookConfiguration istio-revision-tag-default',
          '1-23 in istio-system: MutatingWebhookConfiguration istio-sidecar-injector-1-23'
        ]
      }
    ],
    [
      'revisions by ConfigMaps',
      [
        configMap('istio-system', 'istio', { mesh: '' }),
        configMap('istio-system', 'istio-canary', { mesh: '' }),
        configMap('istio-system', 'istio-grafana', { dashboard: '' })
      ],
      {
        istio: [
          'default in istio-system: ConfigMap istio-system/istio',
          'canary in istio-system: ConfigMap istio-system/istio-canary'
        ]
      }
    ],
    [
      'all in one namespace',
      [kserveMap('all'), configMap('all', 'config-network', {}), configMap('all', 'istio', { mesh: '' })],
      {
        kserve: 'all: ConfigMap all/inferenceservice-config',
        knative: 'all: ConfigMap all/config-network',
        istio: ['default in all: ConfigMap all/istio']
      }
    ]
  ] as const) {
    t.same(installations(yaml), { ...ASSUMED, ...expected }, name)
  }
})

t.test('the configuration takes precedence', async t => {
  const all = [kserveWebhook('kubeflow'), knativeWebhook('kubeflow'), injector('istio-sidecar-injector', '')]
  t.same(installations(all, { kserveNamespace: 'a', knativeNamespace: 'b', istioNamespace: 'c' }), {
    kserve: 'a: mesh.kserveNamespace',
    knative: 'b: mesh.knativeNamespace',
    istio: ['default in c: mesh.istioNamespace']
  })
})

t.test('a change of webhooks or ConfigMaps changes the settings, another one does not', async t => {
  const state = stateOf(kserveMap('kubeflow'))
  const { settings } = state
  t.equal(state.withAll('Service', []).settings, settings)
  t.equal(state.withUnreadable(new Map()).settings, settings)
  t.equal(state.withAll('ConfigMap', []).settings.kserveNamespace, 'kserve')
})
