import t from 'tap'
import rule from '../../src/rules/gateway-port-no-listener.ts'
import { configMap, gateway } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const LOCAL = 'knative-local-gateway'
const server = (protocol: string, tls = '') =>
  `{ hosts: ["*"], port: { name: p, number: 8081, protocol: ${protocol} } ${tls} }`
/** Service for port 8082, configured in KServe. */
const own = `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: own }
spec: { selector: { istio: ingressgateway }, ports: [{ port: 80, targetPort: 8082 }] }
---${configMap('kserve', 'inferenceservice-config', {
  ingress: JSON.stringify({
    ingressGateway: 'knative-serving/knative-ingress-gateway',
    localGateway: 'knative-serving/own',
    localGatewayService: 'own.istio-system.svc.cluster.local'
  })
})}`
const SERVERS = 'Gateway knative-serving/knative-local-gateway spec.servers'

testRule(t, rule, {
  'no Gateway for the port': [
    gateway(LOCAL, '{ hosts: ["*"], port: { name: http, number: 8090, protocol: HTTP } }'),
    ['Service istio-system/knative-local-gateway spec.ports']
  ],
  'HTTPS without mode': [gateway(LOCAL, server('HTTPS', ', tls: {}')), [SERVERS]],
  'HTTPS with AUTO_PASSTHROUGH': [gateway(LOCAL, server('HTTPS', ', tls: { mode: AUTO_PASSTHROUGH }')), [SERVERS]],
  'protocol TLS': [gateway(LOCAL, server('TLS', ', tls: { mode: ISTIO_MUTUAL }')), [SERVERS]],
  'protocol TCP': [gateway(LOCAL, server('TCP')), [SERVERS]],
  'TCP before HTTP on one port': [
    gateway(LOCAL, `${server('TCP')}, ${server('HTTP').replace('name: p', 'name: q')}`),
    [SERVERS]
  ],
  'Gateway of a user': [
    `${own}---${gateway('own', server('TCP').replace('8081', '8082'))}`,
    ['Gateway knative-serving/own spec.servers']
  ],
  'protocol GRPC': [gateway(LOCAL, server('GRPC')), []],
  'TCP on another bind address': [
    gateway(LOCAL, `${server('TCP', ', bind: 10.0.0.1')}, ${server('HTTP').replace('name: p', 'name: q')}`),
    []
  ]
})
