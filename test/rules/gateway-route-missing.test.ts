import t from 'tap'
import rule from '../../src/rules/gateway-route-missing.ts'
import { configMap, gateway, together } from '../support/objects.ts'
import { GATEWAY_API, httpRoute, ISTIO_CLASS, ingress, publicGateway, standardModel } from '../support/routes.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const redirect = '{ hosts: ["*"], port: { name: http, number: 80, protocol: HTTP }, tls: { httpsRedirect: true } }'
const https = (tls: string) => `{ hosts: ["*"], port: { name: https, number: 443, protocol: HTTPS }, tls: ${tls} }`

const hidden = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: sklearn-iris-predictor-ingress }
spec:
  hosts: [sklearn-iris-predictor.user1.svc.cluster.local]
  gateways: [knative-serving/knative-local-gateway]
  exportTo: ["."]
  http: [{ route: [{ destination: { host: sklearn-iris-predictor-00001.user1.svc.cluster.local } }] }]
`

testRule(t, rule, {
  'VirtualServices that are not exported by default': [
    configMap('istio-system', 'istio', { mesh: 'defaultVirtualServiceExportTo: ["."]' }),
    ['ConfigMap istio-system/istio data.mesh']
  ],
  'VirtualService that is not exported': [
    hidden,
    ['VirtualService user1/sklearn-iris-predictor-ingress spec.exportTo']
  ],
  'redirect without an HTTPS server': [
    gateway('knative-ingress-gateway', `${redirect}, ${https('{ credentialName: c }')}`),
    ['Gateway knative-serving/knative-ingress-gateway spec.servers[0].tls.httpsRedirect']
  ],
  'redirect to HTTPS': [
    gateway('knative-ingress-gateway', `${redirect}, ${https('{ mode: SIMPLE, credentialName: c }')}`),
    []
  ],
  'hosts that do not cover the model': [
    gateway(
      'knative-ingress-gateway',
      '{ hosts: ["*.example.org"], port: { name: http, number: 80, protocol: HTTP } }'
    ),
    ['Gateway knative-serving/knative-ingress-gateway spec.servers[0].hosts']
  ],
  'hosts of one namespace that cover the model': [
    gateway(
      'knative-ingress-gateway',
      '{ hosts: ["user1/*.example.com"], port: { name: http, number: 80, protocol: HTTP } }'
    ),
    []
  ],
  'HTTPRoute without a rule for the path': [
    together(
      GATEWAY_API,
      ISTIO_CLASS,
      publicGateway(),
      standardModel,
      httpRoute('{ matches: [{ path: { value: /v2 } }], backendRefs: [{ name: new-predictor, port: 80 }] }')
    ),
    ['HTTPRoute user1/new spec.rules']
  ],
  'HTTPRoute with a rule for the path': [
    together(
      GATEWAY_API,
      ISTIO_CLASS,
      publicGateway(),
      standardModel,
      httpRoute('{ matches: [{ path: { value: /v1 } }], backendRefs: [{ name: new-predictor, port: 80 }] }')
    ),
    []
  ],
  'Ingress without a rule for the path': [
    together(standardModel, ingress('/v2', '{ name: new-predictor, port: { number: 80 } }')),
    ['Ingress user1/new spec.rules']
  ],
  'Ingress for a model of unknown paths': [
    together(
      standardModel.replace('modelFormat: { name: sklearn }', 'modelFormat: { name: huggingface }'),
      ingress('/', '{ name: new-predictor, port: { number: 80 } }')
    ),
    []
  ]
})

t.test('the fix serves HTTP until HTTPS has a certificate', async t => {
  const yaml = gateway('knative-ingress-gateway', `${redirect}, ${https('{ credentialName: c }')}`)
  t.match(
    findingsOf(rule.id, yaml).map(({ fix }) => fix.apply),
    [[{ spec: { servers: [{ tls: { httpsRedirect: false } }, { tls: { credentialName: 'c' } }] } }]]
  )
})

t.test('the fix exports the VirtualService', async t => {
  const [{ fix } = { fix: {} }] = findingsOf(rule.id, hidden)
  t.match(fix, { apply: [{ kind: 'VirtualService', spec: { gateways: ['knative-serving/knative-local-gateway'] } }] })
  t.notMatch(fix, { apply: [{ spec: { exportTo: ['.'] } }] })
})
