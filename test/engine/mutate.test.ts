import t from 'tap'
import { parse } from 'yaml'
import { mutate } from '../../src/engine/mutate.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { resourceOf, stockWith, withoutPods } from '../support/snapshot.ts'

const INJECT = 'sidecar.istio.io/inject'
const BURST = 'autoscaling.knative.dev/targetBurstCapacity'
const policy = (namespace: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: default }
spec: { mtls: { mode: STRICT } }
`
const namespace = (labels: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: user1, labels: { ${labels} } }
`
const model = (more = '', spec = 'predictor: { model: { modelFormat: { name: sklearn } } }') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new ${more} }
spec: { ${spec} }
`
const STRICT = stockWith(policy('user1'))
const MODEL_MESH = ', annotations: { serving.kserve.io/deploymentMode: ModelMesh }'

function create(state: Snapshot, yaml: string) {
  return mutate(
    state,
    { operation: 'CREATE', after: resourceOf(yaml) },
    { object: parse(yaml), oldObject: null },
    RULES
  )
}

const ALL = [
  { op: 'add', path: '/metadata/labels', value: { [INJECT]: 'true' } },
  { op: 'add', path: '/metadata/annotations', value: { [INJECT]: 'true', [BURST]: '0' } }
]

t.test('a new model gets the values that the policy of its namespace requires', async t => {
  const label = { op: 'add', path: '/metadata/labels', value: { [INJECT]: 'true' } }
  const annotation = { op: 'add', path: '/metadata/annotations', value: { [INJECT]: 'true' } }
  const single = (path: string, value: string) => ({ op: 'add', path, value })
  const [labelPath, annotationPath] = [
    '/metadata/labels/sidecar.istio.io~1inject',
    '/metadata/annotations/sidecar.istio.io~1inject'
  ]
  const burstPath = '/metadata/annotations/autoscaling.knative.dev~1targetBurstCapacity'
  for (const [name, state, yaml, patch] of [
    ['no policy: nothing', stockWith(), model(), []],
    ['STRICT namespace: all values', STRICT, model(), ALL],
    ['STRICT mesh: all values', stockWith(policy('istio-system')), model(), ALL],
    ['ModelMesh: nothing', STRICT, model(MODEL_MESH), []],
    [
      'ModelMesh, namespace label mesh: nothing',
      stockWith(namespace('mesh-guard.io/policy: mesh')),
      model(MODEL_MESH),
      []
    ],
    [
      'namespace label mesh: all values',
      stockWith(namespace('istio-injection: enabled, mesh-guard.io/policy: mesh')),
      model(),
      ALL
    ],
    [
      'namespace label none: nothing',
      stockWith(`${policy('user1')}---${namespace('istio-injection: enabled, mesh-guard.io/policy: none')}`),
      model(),
      []
    ],
    ['model opts out of mutation: nothing', STRICT, model(', annotations: { mesh-guard.io/mutate: "false" }'), []],
    [
      'namespace disables injection: nothing',
      stockWith(`${policy('user1')}---${namespace('istio-injection: disabled')}`),
      model(),
      []
    ],
    [
      'namespace is ambient: nothing',
      stockWith(`${policy('user1')}---${namespace('istio.io/dataplane-mode: ambient')}`),
      model(),
      []
    ],
    ['model disables injection: nothing', STRICT, model(`, annotations: { ${INJECT}: "false" }`), []],
    [
      'component disables injection: nothing',
      STRICT,
      model('', `predictor: { labels: { ${INJECT}: "false" }, model: { modelFormat: { name: sklearn } } }`),
      []
    ],
    [
      'model with labels and annotations: values are added to them',
      STRICT,
      model(', labels: { a: b }, annotations: { c: d }'),
      [single(labelPath, 'true'), single(annotationPath, 'true'), single(burstPath, '0')]
    ],
    [
      'burst capacity is set under the other annotation key: not added',
      STRICT,
      model(', annotations: { autoscaling.knative.dev/target-burst-capacity: "70" }'),
      [label, single(annotationPath, 'true')]
    ],
    [
      'component sets burst capacity: not added',
      STRICT,
      model('', `predictor: { annotations: { ${BURST}: "70" }, model: { modelFormat: { name: sklearn } } }`),
      [label, annotation]
    ],
    [
      'Standard mode: burst capacity is not added',
      STRICT,
      model(', annotations: { serving.kserve.io/deploymentMode: Standard }'),
      [label, single(annotationPath, 'true')]
    ],
    [
      'other autoscaler class: burst capacity is not added',
      STRICT,
      model(', annotations: { autoscaling.knative.dev/class: hpa.autoscaling.knative.dev }'),
      [label, single(annotationPath, 'true')]
    ],
    ['null labels and annotations: all values', STRICT, model(', labels: null, annotations: null'), ALL]
  ] as const) {
    t.same(create(state, yaml).patch, patch, name)
  }
})

t.test('the change is evaluated with the patch applied, and the patch is idempotent', async t => {
  const { change } = create(STRICT, model())
  t.match(change.after, { labels: { [INJECT]: 'true' }, annotations: { [INJECT]: 'true', [BURST]: '0' } })
  const patched = model(`, labels: { ${INJECT}: "true" }, annotations: { ${INJECT}: "true", ${BURST}: "0" }`)
  t.same(create(STRICT, patched).patch, [])
})

t.test('a value that would block a path is omitted', async t => {
  const stock = stockWith(`${policy('user1')}---
apiVersion: v1
kind: Namespace
metadata: { name: knative-serving }
---
apiVersion: v1
kind: Namespace
metadata: { name: user1 }
`)
  const withoutActivatorSidecar = withoutPods(stock, 'knative-serving')
  const { patch, notes } = create(withoutActivatorSidecar, model())
  t.same(patch, [], 'the sidecar would reject plaintext of activator pods without a sidecar')
  t.same(notes, [
    `Skipped injection of ${INJECT}, ${BURST}: it would block traffic`,
    'activator pods send plaintext to new-predictor-00001-private.user1 (STRICT: PeerAuthentication user1/default)',
    'First label namespace knative-serving istio-injection=enabled and restart activator pods; or accept plaintext on these ports'
  ])
})

t.test('nothing is added if no path is known', async t => {
  const { patch, notes } = create(stockWith(policy('user1')).withAll('ConfigMap', []), model())
  t.same(patch, [])
  t.same(notes, ['Nothing was injected: KServe is not found: no ConfigMap kserve/inferenceservice-config'])
})

t.test('only values that block no path are added', async t => {
  const direct = stockWith(`${policy('user1')}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: plain }
spec: { host: "*.user1.svc.cluster.local", exportTo: ["."], trafficPolicy: { tls: { mode: DISABLE } } }
---
apiVersion: v1
kind: ConfigMap
metadata: { namespace: knative-serving, name: config-autoscaler }
data: { target-burst-capacity: "-1" }
`)
  const { patch, notes } = create(direct, model())
  t.same(
    patch.map(({ path }) => path),
    ['/metadata/labels', '/metadata/annotations'],
    'without the activator, the gateway would send plaintext to the pods'
  )
  t.same(
    patch.map(({ value }) => value),
    [{ [INJECT]: 'true' }, { [INJECT]: 'true' }]
  )
  t.match(notes, [`Skipped injection of ${BURST}: it would block traffic`, /^istio-system gateways send plaintext/])
})

t.test('nothing is added if a kind is unreadable', async t => {
  const { patch, notes } = create(STRICT.withUnreadable(new Map([['Namespace', 'forbidden'] as const])), model())
  t.same(patch, [])
  t.same(notes, ['Nothing was injected: Namespace: forbidden'])
})

t.test('an update gets values only if it recreates the pods', async t => {
  const update = (before: string, after: string) =>
    mutate(
      STRICT,
      { operation: 'UPDATE', before: resourceOf(before), after: resourceOf(after) },
      { object: parse(after), oldObject: parse(before) },
      RULES
    ).patch
  const changed = 'predictor: { model: { modelFormat: { name: xgboost } } }'
  t.same(update(model(), model('', changed)), ALL, 'a changed spec recreates the pods')
  t.same(update(model(), model(', labels: { a: b }')).length, 2, 'a label recreates the pods')
  t.same(update(model(), model(', annotations: { a: b }')).length, 3, 'an annotation recreates the pods')
  const applied = ', annotations: { kubectl.kubernetes.io/last-applied-configuration: "{}" }'
  t.same(update(model(), model(applied)), [], 'an annotation that is not propagated')
  t.same(update(model(', finalizers: [a]'), model()), [], 'a finalizer')
})

t.test('no patch on DELETE, for other kinds, and for objects that are being deleted', async t => {
  const hasNoPatch = (change: Parameters<typeof mutate>[1]) =>
    t.same(mutate(STRICT, change, { object: null, oldObject: null }, RULES).patch, [])
  hasNoPatch({ operation: 'DELETE', before: resourceOf(model()) })
  hasNoPatch({ operation: 'CREATE', after: resourceOf(namespace('a: b')) })
  hasNoPatch({ operation: 'CREATE', after: resourceOf(model(', deletionTimestamp: "2026-01-01T00:00:00Z"')) })
})
