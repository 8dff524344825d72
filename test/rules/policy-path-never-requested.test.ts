import t from 'tap'
import rule from '../../src/rules/policy-path-never-requested.ts'
import { authorizing, model, together } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const to = (paths: string) => `{ to: [{ operation: { paths: [${paths}] } }] }`
const denying = (rules: string, action = 'DENY', namespace = 'istio-system') =>
  authorizing(
    `{ selector: { matchLabels: { istio: ingressgateway } }, action: ${action}, rules: [${rules}] }`,
    namespace
  )
const place = (i = 0) => [`AuthorizationPolicy istio-system/policy spec.rules[${i}].to`]
const route = (name: string, gateways: string, metadata = '') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user2, name: ${name} ${metadata} }
spec: { hosts: [app.example.com], gateways: [${gateways}] }
`

testRule(t, rule, {
  'paths of another protocol': [denying(to('/v2/*')), place()],
  'path of a model that does not exist': [denying(to('"/v1/models/gone:predict"')), place()],
  'paths of all models': [denying(to('/v1/*')), []],
  'paths of one model': [denying(to('/v1/models/sklearn-iris*')), []],
  'explanations of one model': [denying(to('"/v1/models/sklearn-iris:explain"')), []],
  'one of two paths': [denying(to('/v2/*, /v1/*')), []],
  'path template': [denying(to('"/v2/{**}"')), []],
  'paths of a model with protocol v2': [
    together(
      model('', 'predictor: { model: { modelFormat: { name: sklearn }, protocolVersion: v2 } }'),
      denying(to('/v2/models/new/infer'))
    ),
    []
  ],
  'second rule': [denying(`${to('/v1/*')}, ${to('/v2/*')}`), place(1)],
  'paths of other servers': [denying(to('/admin')), []],
  'rules without paths': [denying('null, {}, { to: [{ operation: { methods: [GET] } }] }, { to: [{}] }'), []],
  'another action': [denying(to('/v2/*'), 'ALLOW'), []],
  CUSTOM: [denying(to('/v2/*'), 'CUSTOM'), place()],
  'dry run': [
    denying(to('/v2/*')).replace('name: policy', 'name: policy, annotations: { istio.io/dry-run: "true" }'),
    []
  ],
  'not at a gateway': [denying(to('/v2/*'), 'DENY', 'user1'), []],
  'a model with paths of its own': [
    together(model('', 'predictor: { model: { modelFormat: { name: huggingface } } }'), denying(to('/v2/*'))),
    []
  ],
  'another server at a gateway': [together(route('app', 'istio-system/app'), denying(to('/v2/*'))), []],
  'another server in the mesh': [together(route('app', 'mesh'), denying(to('/v2/*'))), place()],
  'route of net-istio': [
    together(
      route('ksvc', 'istio-system/app', ', labels: { networking.internal.knative.dev/ingress: ksvc }'),
      denying(to('/v2/*'))
    ),
    place()
  ]
})
