import t from 'tap'
import rule from '../../src/rules/gateway-port-no-listener.ts'
import { cases } from '../support/cases.ts'
import { configMap, gateway } from '../support/objects.ts'

const LOCAL = 'knative-local-gateway'
const server = (protocol: string, tls = '') =>
  `{ hosts: ["*"], port: { name: p, number: 8081, protocol: ${protocol} } ${tls} }`
/** A Service for port 8082, and KServe's configuration with it. */
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

cases(t, rule, {
  'no Gateway for the port': [
    gateway(LOCAL, '{ hosts: ["*"], port: { name: http, number: 8090, protocol: HTTP } }'),
    ['Service istio-system/knative-local-gateway spec.ports']
  ],
  'HTTPS without a mode passes through': [gateway(LOCAL, server('HTTPS', ', tls: {}')), [SERVERS]],
  'HTTPS that passes through': [gateway(LOCAL, server('HTTPS', ', tls: { mode: AUTO_PASSTHROUGH }')), [SERVERS]],
  'TLS needs routes of its own': [gateway(LOCAL, server('TLS', ', tls: { mode: ISTIO_MUTUAL }')), [SERVERS]],
  'TCP needs routes of its own': [gateway(LOCAL, server('TCP')), [SERVERS]],
  'TCP first leaves no room for HTTP': [
    gateway(LOCAL, `${server('TCP')}, ${server('HTTP').replace('name: p', 'name: q')}`),
    [SERVERS]
  ],
  "not on a Gateway of one's own either": [
    `${own}---${gateway('own', server('TCP').replace('8081', '8082'))}`,
    ['Gateway knative-serving/own spec.servers']
  ],
  'GRPC is HTTP': [gateway(LOCAL, server('GRPC')), []],
  'another address is another listener': [
    gateway(LOCAL, `${server('TCP', ', bind: 10.0.0.1')}, ${server('HTTP').replace('name: p', 'name: q')}`),
    []
  ]
})
