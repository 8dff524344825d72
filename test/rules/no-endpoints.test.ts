import t from 'tap'
import rule from '../../src/rules/no-endpoints.ts'
import { testRule } from '../support/table-test.ts'

const config = (localGateway: string, localGatewayService: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: kserve, name: inferenceservice-config }
data: { ingress: ${JSON.stringify(JSON.stringify({ ingressGateway: 'knative-serving/none', localGateway, localGatewayService }))} }
`

testRule(t, rule, {
  'unknown Gateway': [
    config('knative-serving/knative-local-gateway', 'knative-local-gateway.istio-system.svc.cluster.local'),
    ['Gateway knative-serving/none spec.selector']
  ],
  'Service outside the cluster': [
    config('a/b', 'gateway.example.com'),
    ['Gateway knative-serving/none spec.selector', 'Service example/gateway spec.selector']
  ]
})
