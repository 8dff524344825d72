import t from 'tap'
import rule from '../../src/rules/annotation-not-propagated.ts'
import { configMap, model, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const KEY = 'autoscaling.knative.dev/window'
const MIN = 'autoscaling.knative.dev/min-scale'
const config = (inferenceService: string | undefined) =>
  configMap('kserve', 'inferenceservice-config', {
    ingress: JSON.stringify({ ingressGateway: 'knative-serving/knative-ingress-gateway' }),
    ...(inferenceService !== undefined && { inferenceService })
  })
const disallowing = (...keys: readonly string[]) => config(JSON.stringify({ serviceAnnotationDisallowedList: keys }))
const annotated = (key: string) => model(`, annotations: { ${key}: "1" }`)
const place = (key: string) => [`InferenceService user1/new metadata.annotations[${key}]`]
const onComponent = (name: string, key: string) =>
  model('', `predictor: { minReplicas: 1 }, ${name}: { annotations: { ${key}: "1" } }`)

testRule(t, rule, {
  'annotation on the list': [together(disallowing(KEY), annotated(KEY)), place(KEY)],
  'annotation that is not on the list': [together(disallowing('other'), annotated(KEY)), []],
  'annotation of Istio': [
    together(
      disallowing('traffic.sidecar.istio.io/excludeInboundPorts'),
      annotated('traffic.sidecar.istio.io/excludeInboundPorts')
    ),
    place('traffic.sidecar.istio.io/excludeInboundPorts')
  ],
  'annotation of a component': [
    together(disallowing(KEY), onComponent('transformer', KEY)),
    [`InferenceService user1/new spec.transformer.annotations[${KEY}]`]
  ],
  'annotation of another project': [together(disallowing('example.com/team'), annotated('example.com/team')), []],
  'built-in list': [together(disallowing(), annotated(MIN)), place(MIN)],
  'without the key inferenceService KServe propagates all': [together(config(undefined), annotated(MIN)), []]
})

t.test('the fix names the field, or the ConfigMap', async t => {
  const [field] = findingsOf(rule.id, together(disallowing(), annotated(MIN)))
  t.match(field?.fix, { text: 'Set minReplicas of the component instead' })
  const [list] = findingsOf(rule.id, together(disallowing(KEY), annotated(KEY)))
  t.match(list?.fix.text, `${KEY} from serviceAnnotationDisallowedList`)
})
