import t from 'tap'
import rule from '../../src/rules/virtualservice-diverts-model.ts'
import { findingsOf, locationsOf, testRule } from '../support/table-test.ts'

const HOST = 'sklearn-iris.user1.svc.cluster.local'
const BURST = 'sklearn-iris-burst.user1.svc.cluster.local'
const REVISION = 'sklearn-iris-burst-predictor-00001.user1.svc.cluster.local'
const own = (http: string, { hosts = HOST, name = 'mine' } = {}) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: user2 }
spec: { hosts: [${hosts}], gateways: [mesh], http: [${http}] }
`
const FOUND = ['VirtualService user2/mine spec.http']
const elsewhere = '{ route: [{ destination: { host: httpbin.user1.svc.cluster.local } }] }'
const toGateway = `{ rewrite: { authority: ${HOST} }, route: [{ destination: { host: knative-local-gateway.istio-system.svc.cluster.local } }] }`

const subset = (name: string) =>
  `{ rewrite: { authority: ${HOST} }, route: [{ destination: { host: knative-local-gateway.istio-system.svc.cluster.local, subset: ${name} } }] }`
/** DestinationRule with a subset of the local gateway. */
const defining = (name: string, labels = '', more = '') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: subsets, namespace: istio-system }
spec:
  host: knative-local-gateway.istio-system.svc.cluster.local
  ${more === '' ? '' : more.replace(',', '')}
  subsets: [{ name: ${name}, labels: { ${labels} } }]
`
/** VirtualService of the local gateway that sends requests back to it. */
const loop = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: loop, namespace: user2 }
spec:
  hosts: [${HOST}]
  gateways: [knative-serving/knative-local-gateway]
  http:
    - match: [{ authority: { prefix: sklearn-iris } }]
      route: [{ destination: { host: knative-local-gateway.istio-system.svc.cluster.local, port: { number: 80 } } }]
`

testRule(t, rule, {
  'another Service': [own(elsewhere), FOUND],
  'a host outside of the cluster': [own('{ route: [{ destination: { host: api.example.com } }] }'), FOUND],
  'a Service that does not exist': [own('{ route: [{ destination: { host: missing.user1.svc.cluster.local } }] }'), []],
  'another Service in a VirtualService that comes after that of KServe': [own(elsewhere, { name: 'zzz' }), []],
  'another host': [own(elsewhere, { hosts: 'httpbin.user1.svc.cluster.local' }), []],
  redirect: [own('{ redirect: { uri: /other } }'), FOUND],
  'direct response': [own('{ directResponse: { status: 200 } }'), FOUND],
  'fault of all requests': [
    own(`{ fault: { abort: { httpStatus: 503, percentage: { value: 100 } } }, ${toGateway.slice(1)}`),
    FOUND
  ],
  'fault of some requests': [
    own(`{ fault: { abort: { httpStatus: 503, percentage: { value: 10 } } }, ${toGateway.slice(1)}`),
    []
  ],
  'routes that match other requests': [own(`{ match: [{ uri: { prefix: /other } }], ${toGateway.slice(1)}`), FOUND],
  'destinations without weight': [
    own(`{ route: [{ destination: { host: a }, weight: 0 }, { destination: { host: b }, weight: 0 }] }`),
    FOUND
  ],
  'the gateway that KServe routes to': [own(toGateway), []],
  'a loop': [
    `${own(`{ route: [{ destination: { host: knative-local-gateway.istio-system.svc.cluster.local } }] }`)}---${loop}`,
    ['VirtualService user2/loop spec.http']
  ],
  'a revision without the headers by which the activator knows it': [
    own(`{ route: [{ destination: { host: ${REVISION} } }] }`, { hosts: BURST }),
    FOUND
  ],
  'a subset that no DestinationRule defines': [own(subset('v1')), FOUND],
  'a subset of another name': [`${own(subset('v1'))}---${defining('v2')}`, FOUND],
  'a subset of all pods': [`${own(subset('v1'))}---${defining('v1')}`, []],
  'a subset of the pods': [`${own(subset('v1'))}---${defining('v1', 'istio: ingressgateway')}`, []],
  'a subset of other pods': [`${own(subset('v1'))}---${defining('v1', 'app: other')}`, FOUND],
  'a subset that another namespace defines for itself': [
    `${own(subset('v1'))}---${defining('v1', '', 'exportTo: [.],')}`,
    FOUND
  ]
})

t.test('the fix removes the host, or the VirtualService if it has no other', async t => {
  const fixes = (hosts: string) => findingsOf(rule.id, own(elsewhere, { hosts })).map(({ fix }) => fix)
  t.match(fixes(`${HOST}, other.example.com`), [{ apply: [{ spec: { hosts: ['other.example.com'] } }] }])
  const byShortName = own(elsewhere, { hosts: 'sklearn-iris, other.example.com' }).replace('user2', 'user1')
  t.match(
    findingsOf(rule.id, byShortName).map(({ fix }) => fix),
    [{ apply: [{ spec: { hosts: ['other.example.com'] } }] }]
  )
  t.match(fixes(HOST), [{ remove: [{ kind: 'VirtualService', name: 'mine' }] }])
})

t.test('a subset of a revision has no activator with other labels', async t => {
  const route = `{ headers: { request: { set: { Knative-Serving-Revision: sklearn-iris-burst-predictor-00001, Knative-Serving-Namespace: user1 } } }, route: [{ destination: { host: ${REVISION}, subset: v1 } }] }`
  const rule = (labels: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: subsets, namespace: user1 }
spec: { host: ${REVISION}, subsets: [{ name: v1, labels: { ${labels} } }] }
`
  const found = (labels: string) =>
    locationsOf('no-endpoints', `${own(route, { hosts: BURST })}---${rule(labels)}`).filter(one =>
      one.includes('burst')
    )
  t.same(found(''), [])
  t.same(found('serving.knative.dev/service: sklearn-iris-burst-predictor').length, 1)
})

t.test('the fix leaves VirtualServices of controllers as they are', async t => {
  const managed = own(elsewhere).replace(
    'namespace: user2 }',
    'namespace: user2, ownerReferences: [{ apiVersion: serving.kserve.io/v1beta1, kind: InferenceService, name: other, controller: true, uid: a }] }'
  )
  t.match(
    findingsOf(rule.id, managed).map(({ fix }) => [fix.apply ?? [], fix.remove ?? []]),
    [[[], []]]
  )
})
