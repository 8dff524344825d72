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

t.test('the ingress configuration', async t => {
  const gateway = '"ingressGateway": "a/b"'
  for (const [name, ingress, rejected, expected] of [
    [
      'complete',
      `{ ${gateway}, "localGateway": "c/d", "localGatewayService": "s" }`,
      undefined,
      { ingressGateway: 'a/b', localGateway: 'c/d', localGatewayService: 's', knativeLocalGatewayService: 's' }
    ],
    [
      'another Knative gateway Service',
      `{ ${gateway}, "knativeLocalGatewayService": "k", "localGatewayService": "s" }`,
      undefined,
      { knativeLocalGatewayService: 'k' }
    ],
    [
      'keys in any letter case',
      '{ "INGRESSGATEWAY": "a/b", "disableistiovirtualhost": true }',
      undefined,
      { ingressGateway: 'a/b', disableIstioVirtualHost: true }
    ],
    [
      'fragment of the documentation',
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
      'a path template without a domain',
      `{ ${gateway}, "pathTemplate": "/x" }`,
      'pathTemplate requires ingressDomain',
      {}
    ],
    ['a path template', `{ ${gateway}, "pathTemplate": "/x", "ingressDomain": "d" }`, undefined, {}]
  ] as const) {
    const verdict = ingressOf(config({ ingress }))
    t.equal(verdict.rejected, rejected, name)
    t.match(verdict.config, expected, name)
  }
  t.match(
    ingressOf(NONE),
    { rejected: undefined, config: { ingressGateway: 'knative-serving/knative-ingress-gateway' } },
    'no configuration'
  )
  t.match(
    ingressOf(config({})),
    { rejected: 'key ingress is missing', config: { ingressGateway: 'knative-serving/knative-ingress-gateway' } },
    'without the key'
  )
})

t.test('the deployment mode', async t => {
  const asked = (mode: string) => ({ annotations: { 'serving.kserve.io/deploymentMode': mode }, status: undefined })
  const has = (mode: string) => ({ annotations: {}, status: { deploymentMode: mode, components: undefined } })
  const quiet = { annotations: {}, status: undefined }
  const standard = config({ deploy: '{ "defaultDeploymentMode": "RawDeployment" }' })
  const filtering = config({
    inferenceService: '{ "serviceAnnotationDisallowedList": ["serving.kserve.io/deploymentMode"] }'
  })
  for (const [name, state, service, mode] of [
    ['no configuration', NONE, quiet, 'Knative'],
    ['cluster default', standard, quiet, 'Standard'],
    ['default that cannot be parsed', config({ deploy: '[]' }), quiet, 'Knative'],
    ['no default', config({}), quiet, 'Knative'],
    ['annotation', standard, asked('Serverless'), 'Knative'],
    ['annotation with an unknown mode', standard, asked('serverless'), 'Standard'],
    ['annotation that is not propagated', filtering, asked('ModelMesh'), 'Knative'],
    [
      'status takes precedence',
      standard,
      { ...asked('ModelMesh'), ...has('Knative'), annotations: asked('ModelMesh').annotations },
      'Knative'
    ]
  ] as const) {
    t.equal(deploymentMode(state, service), mode, name)
  }
})

t.test('propagated annotations', async t => {
  const MIN = 'autoscaling.knative.dev/min-scale'
  t.notOk(isPropagated(NONE, MIN))
  t.notOk(isPropagated(config({ inferenceService: '{}' }), MIN))
  t.ok(isPropagated(config({}), MIN), 'missing key: every annotation is propagated')
  t.notOk(isPropagated(config({ inferenceService: '{ "serviceAnnotationDisallowedList": ["a"] }' }), 'a'))
  t.ok(isPropagated(config({ inferenceService: 'x' }), 'a'))
})
