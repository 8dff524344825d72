import t from 'tap'
import rule from '../../src/rules/service-not-exported.ts'
import { configMap } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const local = (exportTo: string) => `
apiVersion: v1
kind: Service
metadata:
  name: knative-local-gateway
  namespace: istio-system
  labels: { experimental.istio.io/disable-gateway-port-translation: "true" }
  annotations: { networking.istio.io/exportTo: "${exportTo}" }
spec:
  selector: { istio: ingressgateway }
  ports: [{ name: http2, port: 80, targetPort: 8081 }, { name: https, port: 443, targetPort: 8444 }]
`
const OBJECT = 'Service istio-system/knative-local-gateway metadata.annotations[networking.istio.io/exportTo]'

testRule(t, rule, {
  'own namespace only': [local('.'), [OBJECT]],
  'another namespace': [local('istio-system, other'), [OBJECT]],
  'all namespaces': [local('*'), []],
  'default of the mesh': [
    configMap('istio-system', 'istio', { mesh: 'defaultServiceExportTo: ["."]' }),
    ['ConfigMap istio-system/istio data.mesh']
  ]
})
