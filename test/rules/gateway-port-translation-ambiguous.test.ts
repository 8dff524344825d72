import t from 'tap'
import rule from '../../src/rules/gateway-port-translation-ambiguous.ts'
import { testRule } from '../support/table-test.ts'

const service = (ports: string, more = '', selector = '{ istio: ingressgateway }', namespace = 'istio-system') => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: second ${more} }
spec: { selector: ${selector}, ports: [${ports}] }
`
const HTTPS = '{ port: 443, targetPort: 8445 }'
const PLACE = 'Service istio-system/second spec.ports[0].targetPort'

testRule(t, rule, {
  'another targetPort': [service(HTTPS), [PLACE]],
  'no targetPort means the same number': [service('{ port: 443 }'), [PLACE]],
  'two additional Services': [
    `${service('{ port: 9000 }')}---${service('{ port: 9000, targetPort: 9001 }').replace('second', 'third')}`,
    ['Service istio-system/third spec.ports[0].targetPort']
  ],
  'the same targetPort': [service('{ port: 443, targetPort: 8443 }'), []],
  'another port': [service('{ port: 8443, targetPort: 8445 }'), []],
  'label with any value': [
    service(HTTPS, ', labels: { experimental.istio.io/disable-gateway-port-translation: "false" }'),
    []
  ],
  'older Service: the newer one is reported': [
    service(HTTPS, ', creationTimestamp: "2026-01-01T00:00:00Z"'),
    ['Service istio-system/istio-ingressgateway spec.ports[2].targetPort']
  ],
  'no selector': [service(HTTPS, '', '{}'), []],
  'pods without a gateway': [service(HTTPS, '', '{ app: istiod }'), []],
  'pods of another namespace': [service(HTTPS, '', '{ app: activator }', 'knative-serving'), []]
})
