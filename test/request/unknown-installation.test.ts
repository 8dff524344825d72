import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { configMap, model, namespace, pod, policy, together } from '../support/objects.ts'
import { unknownReasons } from '../support/paths.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const without = (state: Snapshot, ...kinds: readonly ('ConfigMap' | 'Webhooks')[]) =>
  kinds
    .flatMap(kind =>
      kind === 'ConfigMap' ? [kind] : (['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const)
    )
    .reduce((one, kind) => one.withAll(kind, []), state)
const STANDARD = 'annotations: { serving.kserve.io/deploymentMode: RawDeployment }'
const KSERVE_MAP = configMap('kserve', 'inferenceservice-config', {
  ingress: '{ "ingressGateway": "knative-serving/knative-ingress-gateway" }'
})
const OTHER_REVISION = pod(
  'user1',
  'new-predictor',
  'serving.kserve.io/inferenceservice: new, component: predictor',
  'sidecar'
)

const INJECTOR = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector-1-23, labels: { istio.io/rev: 1-23 } }
webhooks:
  - name: rev.namespace.sidecar-injector.istio.io
    clientConfig: { service: { namespace: istio-system, name: istiod-1-23 } }
    namespaceSelector: { matchLabels: { istio.io/rev: 1-23 } }
`
const istiod = (version: string, env = '') => `
apiVersion: v1
kind: Pod
metadata: { namespace: istio-system, name: a-istiod, labels: { app: istiod } }
spec: { containers: [{ name: discovery, image: "docker.io/istio/pilot:${version}", env: [${env}] }] }
`

const USE = 'istio.io/use-waypoint: waypoint'
const service = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor, labels: { ${USE} } }
spec: { ports: [{ port: 80 }] }
`
const notModeled = (setting = '') => `setting ${setting} of istiod is not modeled`
const AMBIENT = namespace('istio.io/dataplane-mode: ambient')

t.test('paths are unknown without the configuration of a control plane', async t => {
  const NO_KSERVE = 'KServe is not found: no ConfigMap kserve/inferenceservice-config'
  for (const [name, state, reasons] of [
    ['stock cluster', stockWith(model('')), []],
    ['no ConfigMap of KServe', without(stockWith(model('')), 'ConfigMap'), [NO_KSERVE]],
    [
      'nothing of Knative',
      without(stockWith(), 'ConfigMap', 'Webhooks').apply({ operation: 'CREATE', after: resourceOf(KSERVE_MAP) }),
      ['Knative Serving is not found: no webhook configuration and no ConfigMap of it']
    ],
    [
      'nothing of Istio',
      without(stockWith(), 'ConfigMap', 'Webhooks')
        .apply({ operation: 'CREATE', after: resourceOf(KSERVE_MAP) })
        .apply({ operation: 'CREATE', after: resourceOf(configMap('knative-serving', 'config-network', {})) }),
      ['Istio is not found: no injection webhook and no ConfigMap with a mesh configuration']
    ],
    [
      'model in Standard mode does not depend on Knative',
      without(stockWith(), 'ConfigMap', 'Webhooks').apply({ operation: 'CREATE', after: resourceOf(KSERVE_MAP) }),
      ['Istio is not found: no injection webhook and no ConfigMap with a mesh configuration'],
      STANDARD
    ],
    [
      'pods of another revision',
      stockWith(`${OTHER_REVISION.replace('labels:', 'annotations: { istio.io/rev: 1-23 }, labels:')}`),
      ['Istio revision 1-23: ConfigMap istio-1-23 is not read']
    ],
    [
      'pods of a revision with an injector and without a ConfigMap',
      stockWith(together(OTHER_REVISION.replace('labels:', 'annotations: { istio.io/rev: 1-23 }, labels:'), INJECTOR)),
      ['Istio revision 1-23: ConfigMap istio-1-23 is not read']
    ],
    ...(['1.20.8', '0.8.0'] as const).map(
      version =>
        [
          `Istio ${version}`,
          stockWith(istiod(version)),
          [`Istio ${version}: versions below 1.21 are not modeled`]
        ] as const
    ),
    ...(['1.21.0', '2.0.0', 'latest'] as const).map(
      version => [`Istio ${version}`, stockWith(istiod(version)), []] as const
    ),
    [
      'ambient mode of Istio 1.23.6',
      stockWith(together(istiod('1.23.6'), AMBIENT)),
      ['Istio 1.23.6: ambient mode of versions below 1.24 is not modeled']
    ],
    ['ambient mode of Istio 1.24.0', stockWith(together(istiod('1.24.0'), AMBIENT)), []],
    ...Object.entries({
      'AMBIENT_ENABLE_MULTI_NETWORK, value: "true"': true,
      'AMBIENT_ENABLE_MULTI_NETWORK, value: "false"': false,
      'AMBIENT_ENABLE_MULTI_NETWORK, value: maybe': false,
      'AMBIENT_ENABLE_MULTI_NETWORK, valueFrom: {}': false,
      'PILOT_ENABLE_SENDING_HBONE, value: "0"': true,
      'PILOT_AUTO_ALLOW_WAYPOINT_POLICY, value: "true"': false,
      'PILOT_ENABLE_AMBIENT, value: "true"': false
    }).map(([variable, isReported]) => {
      const [setting] = variable.split(',')
      const state = stockWith(together(istiod('1.31.0', `{ name: ${variable} }`), AMBIENT))
      return [`istiod with ${variable}`, state, isReported ? [notModeled(setting)] : []] as const
    }),
    ...(['istio.io/use-waypoint: none', 'istio.io/use-waypoint: waypoint'] as const).map(label => {
      const env = '{ name: PILOT_AUTO_ALLOW_WAYPOINT_POLICY, value: "true" }'
      const state = stockWith(together(istiod('1.31.0', env), namespace(`istio.io/dataplane-mode: ambient, ${label}`)))
      return [label, state, label.endsWith('none') ? [] : [notModeled('PILOT_AUTO_ALLOW_WAYPOINT_POLICY')]] as const
    }),
    ...Object.entries({
      Service: service,
      pod: pod(
        'user1',
        'new-0',
        `serving.kserve.io/inferenceservice: new, component: predictor, ${USE}`,
        'none'
      ).replace('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
    }).map(([name, yaml]) => {
      const env = '{ name: PILOT_AUTO_ALLOW_WAYPOINT_POLICY, value: "true" }'
      const state = stockWith(together(istiod('1.31.0', env), AMBIENT, yaml))
      return [`waypoint of a ${name}`, state, [notModeled('PILOT_AUTO_ALLOW_WAYPOINT_POLICY')]] as const
    }),
    ...Object.entries({
      'that has completed': (yaml: string) => `${yaml}status: { phase: Succeeded }\n`,
      'of another app': (yaml: string) => yaml.replace('app: istiod', 'app: other'),
      'in another container': (yaml: string) => yaml.replace('name: discovery', 'name: other')
    }).map(([name, change]) => {
      const yaml = change(istiod('1.31.0', '{ name: AMBIENT_ENABLE_MULTI_NETWORK, value: "true" }'))
      return [`setting of a pod ${name}`, stockWith(together(yaml, AMBIENT)), []] as const
    }),
    [
      'setting for ambient mode without pods in ambient mode',
      stockWith(istiod('1.31.0', '{ name: AMBIENT_ENABLE_MULTI_NETWORK, value: "true" }')),
      []
    ],
    ['ambient mode of Istio, without a version', stockWith(AMBIENT), []],
    [
      'pods of the default revision',
      stockWith(`${OTHER_REVISION.replace('labels:', 'annotations: { istio.io/rev: default }, labels:')}`),
      []
    ]
  ] as const) {
    const metadata = name.startsWith('model in Standard') ? `, ${STANDARD}` : ''
    const after = resourceOf(model(metadata))
    t.same(unknownReasons(state.apply({ operation: 'CREATE', after }), 'new'), reasons, name)
  }
})

t.test('an assumed installation denies nothing', async t => {
  const state = without(stockWith(), 'ConfigMap')
  const after = resourceOf(policy('istio-system', '{ mtls: { mode: STRICT } }'))
  t.match(decide(state, { operation: 'CREATE', after }, RULES, DEFAULT_POLICY).findings, [])
})
