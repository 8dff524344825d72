import t from 'tap'
import rule from '../../src/rules/configuration-rejected.ts'
import { configMap, model } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const BURST = 'autoscaling.knative.dev/targetBurstCapacity'

testRule(t, rule, {
  'on the InferenceService': [
    model(`, annotations: { ${BURST}: "-2" }`),
    [`InferenceService user1/new metadata.annotations[${BURST}]`]
  ],
  'on the component': [
    model('', `predictor: { annotations: { ${BURST}: "off" }, model: { modelFormat: { name: sklearn } } }`),
    [`InferenceService user1/new spec.predictor.annotations[${BURST}]`]
  ],
  'number that Knative accepts': [model(`, annotations: { ${BURST}: "1e2" }`), []],
  'Standard mode: ignored': [model(`, annotations: { ${BURST}: "-2", serving.kserve.io/deploymentMode: Standard }`), []]
})

t.test("the fix adds the gateway names that KServe's configuration omits", async t => {
  const fixesOf = (ingress: string) =>
    findingsOf(rule.id, configMap('kserve', 'inferenceservice-config', { ingress })).map(({ message, fix }) => ({
      message,
      names: fix.apply?.map(({ data }) => JSON.parse((data as { ingress: string }).ingress))
    }))
  t.match(fixesOf('{\n  "disableIstioVirtualHost": true\n}'), [
    {
      message: /^KServe rejects "\{ "disableIstioVirtualHost": t\.\.\.": ingressGateway is required/,
      names: [
        {
          ingressGateway: 'knative-serving/knative-ingress-gateway',
          localGateway: 'knative-serving/knative-local-gateway',
          localGatewayService: 'knative-local-gateway.istio-system.svc.cluster.local',
          disableIstioVirtualHost: true
        }
      ]
    }
  ])
  t.match(fixesOf('no JSON'), [{ names: [] }])
  t.match(fixesOf('{ "ingressGateway": "a/b", "pathTemplate": "/x" }'), [{ names: [] }])
})
