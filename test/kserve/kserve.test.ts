import t from 'tap'
import { isPropagated } from '../../src/kserve/annotation-propagation.ts'
import { deploymentMode } from '../../src/kserve/deployment-mode.ts'
import { ingressOf } from '../../src/kserve/kserve.ts'
import { stateOf } from '../support/snapshot.ts'

const config = (data: Readonly<Record<string, string>>) =>
  stateOf(`
apiVersion: v1
kind: ConfigMap
metadata: { namespace: kserve, name: inferenceservice-config }
data: ${JSON.stringify(data)}
`)
const NONE = stateOf('')

t.test('ingress configuration is parsed, or rejected with a reason', async t => {
  const gateway = '"ingressGateway": "a/b"'
  for (const [name, ingress, rejected, expected] of [
    [
      'complete',
      `{ ${gateway}, "localGateway": "c/d", "localGatewayService": "s" }`,
      undefined,
      { ingressGateway: 'a/b', localGateway: 'c/d', localGatewayService: 's', knativeLocalGatewayService: 's' }
    ],
    [
      'knativeLocalGatewayService',
      `{ ${gateway}, "knativeLocalGatewayService": "k", "localGatewayService": "s" }`,
      undefined,
      { knativeLocalGatewayService: 'k' }
    ],
    [
      'empty knativeLocalGatewayService',
      `{ ${gateway}, "knativeLocalGatewayService": "", "localGatewayService": "s" }`,
      undefined,
      { knativeLocalGatewayService: 's' }
    ],
    [
      'keys in any letter case',
      '{ "INGRESSGATEWAY": "a/b", "disableistiovirtualhost": true }',
      undefined,
      { ingressGateway: 'a/b', disableIstioVirtualHost: true }
    ],
    [
      'only disableIstioVirtualHost',
      '{ "disableIstioVirtualHost": true }',
      'ingressGateway is required',
      { disableIstioVirtualHost: true, ingressGateway: 'knative-serving/knative-ingress-gateway' }
    ],
    [
      'string for a boolean',
      `{ ${gateway}, "disableIstioVirtualHost": "true" }`,
      'disableistiovirtualhost: Invalid input: expected boolean, received string',
      {}
    ],
    ['not JSON', '{', 'value is not a JSON object', {}],
    ['null', 'null', 'value is not a JSON object', {}],
    [
      'Gateway API without a Gateway',
      `{ ${gateway}, "enableGatewayApi": true }`,
      'kserveIngressGateway must be <namespace>/<name> while enableGatewayApi is true',
      { enableGatewayApi: true }
    ],
    [
      'Gateway API',
      `{ ${gateway}, "enableGatewayApi": true, "kserveIngressGateway": "kserve/g" }`,
      undefined,
      { enableGatewayApi: true }
    ],
    [
      'pathTemplate without ingressDomain',
      `{ ${gateway}, "pathTemplate": "/x" }`,
      'pathTemplate requires ingressDomain',
      {}
    ],
    ['pathTemplate', `{ ${gateway}, "pathTemplate": "/x", "ingressDomain": "d" }`, undefined, {}]
  ] as const) {
    const result = ingressOf(config({ ingress }))
    t.equal(result.rejected, rejected, name)
    t.match(result.config, expected, name)
  }
  t.match(
    ingressOf(NONE),
    { rejected: undefined, config: { ingressGateway: 'knative-serving/knative-ingress-gateway' } },
    'no ConfigMap'
  )
  t.match(
    ingressOf(config({})),
    { rejected: 'key ingress is missing', config: { ingressGateway: 'knative-serving/knative-ingress-gateway' } },
    'no key ingress'
  )
})

t.test('status, annotation and cluster default select the deployment mode', async t => {
  const annotated = (mode: string) => ({ annotations: { 'serving.kserve.io/deploymentMode': mode }, status: undefined })
  const reported = (mode: string) => ({
    annotations: {},
    status: { deploymentMode: mode, url: undefined, components: undefined }
  })
  const unset = { annotations: {}, status: undefined }
  const standard = config({ deploy: '{ "defaultDeploymentMode": "RawDeployment" }' })
  const filtering = config({
    inferenceService: '{ "serviceAnnotationDisallowedList": ["serving.kserve.io/deploymentMode"] }'
  })
  for (const [name, state, service, mode] of [
    ['no ConfigMap', NONE, unset, 'Knative'],
    ['cluster default', standard, unset, 'Standard'],
    ['cluster default that cannot be parsed', config({ deploy: '[]' }), unset, 'Knative'],
    ['no cluster default', config({}), unset, 'Knative'],
    ['annotation', standard, annotated('Serverless'), 'Knative'],
    ['annotation with an unknown mode', standard, annotated('serverless'), 'Standard'],
    ['annotation that is not propagated', filtering, annotated('ModelMesh'), 'Knative'],
    [
      'status takes precedence',
      standard,
      { ...annotated('ModelMesh'), ...reported('Knative'), annotations: annotated('ModelMesh').annotations },
      'Knative'
    ]
  ] as const) {
    t.equal(deploymentMode(state, service), mode, name)
  }
})

t.test('annotations are propagated unless serviceAnnotationDisallowedList has them', async t => {
  const MIN = 'autoscaling.knative.dev/min-scale'
  t.notOk(isPropagated(NONE, MIN))
  t.notOk(isPropagated(config({ inferenceService: '{}' }), MIN))
  t.ok(isPropagated(config({}), MIN), 'missing key: every annotation is propagated')
  t.notOk(isPropagated(config({ inferenceService: '{ "serviceAnnotationDisallowedList": ["a"] }' }), 'a'))
  t.ok(isPropagated(config({ inferenceService: 'x' }), 'a'))
})
