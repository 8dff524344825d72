import t from 'tap'
import { model, together } from '../support/objects.ts'
import { pathsTo } from '../support/paths.ts'
import { stockWith } from '../support/snapshot.ts'

const PREDICTOR = 'new-predictor.user1.svc.cluster.local'

/** VirtualService `own` for the host `models.example.org`. */
const route = (http: string, gateways = 'knative-serving/knative-ingress-gateway') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: own }
spec: { hosts: [models.example.org], gateways: [${gateways}], http: [${http}] }
`
const TO_LOCAL_GATEWAY =
  '{ destination: { host: knative-local-gateway.istio-system.svc.cluster.local, port: { number: 80 } } }'
const REWRITTEN = `{ rewrite: { authority: ${PREDICTOR} }, route: [${TO_LOCAL_GATEWAY}] }`
/** As net-istio makes it of a DomainMapping. */
const DOMAIN_MAPPING = `{
  match: [{ authority: { prefix: models.example.org }, gateways: [knative-serving/knative-ingress-gateway] }],
  rewrite: { authority: ${PREDICTOR} },
  route: [{ destination: { host: ${PREDICTOR}, port: { number: 80 } },
            headers: { request: { set: { K-Original-Host: models.example.org } } }, weight: 100 }] }`
const withMatch = (match: string, more = '') =>
  `{ match: [${match}], rewrite: { authority: ${PREDICTOR} ${more} }, route: [${TO_LOCAL_GATEWAY}] }`

const ways = (...objects: readonly string[]) =>
  pathsTo(stockWith(together(model(''), ...objects)), 'new').filter(line => line.startsWith('external route'))

const OPEN = 'caller->ingress-gateway, ingress-gateway->local-gateway'

t.test('a VirtualService of a gateway gives a model another address', async t => {
  const both = (address: string) => [
    `external route ${address} serve ${OPEN}, gateway->pod`,
    `external route ${address} proxy ${OPEN}, gateway->activator, activator->pod`
  ]
  const rows: readonly (readonly [name: string, http: string, addresses: readonly string[]])[] = [
    ['authority is rewritten', REWRITTEN, ['models.example.org']],
    ['Knative DomainMapping', DOMAIN_MAPPING, ['models.example.org']],
    ['prefix that is removed', withMatch('{ uri: { prefix: /iris/ } }', ', uri: /'), ['models.example.org/iris']],
    ['prefix of the inference path', withMatch('{ uri: { prefix: /v1/ } }'), ['models.example.org']],
    ['header that the caller does not send', withMatch('{ headers: { team: { exact: a } } }'), []],
    ['whole path of another request', withMatch('{ uri: { exact: /healthz } }'), []],
    ['claim of a token', withMatch('{ headers: { "@request.auth.claims.team": { exact: a } } }'), []],
    ['direct response', `{ directResponse: { status: 200 }, rewrite: { authority: ${PREDICTOR} } }`, []],
    ['no HTTP routes', '', []]
  ]
  for (const [name, http, addresses] of rows) t.same(ways(route(http)), addresses.flatMap(both), name)
})

t.test('a model that defines its own URL paths has the address of any prefix', async t => {
  const custom = model('', 'predictor: { containers: [{ name: kserve-container, image: a }] }')
  const lines = pathsTo(stockWith(together(custom, route(REWRITTEN))), 'new')
  t.ok(lines.some(line => line.startsWith('external route models.example.org ')))
})

t.test('no other address', async t => {
  t.same(ways(route(REWRITTEN).replace('name: own', 'name: new')), [], 'VirtualService of KServe')
  t.same(ways(route(REWRITTEN, 'mesh')), [], 'sidecars only')
  t.same(ways(route(REWRITTEN, 'knative-serving/knative-local-gateway')), [], 'gateway of the cluster')
  t.same(ways(route(REWRITTEN).replace('models.example.org', '"*.example.org"')), [], 'hosts of no name')
  t.same(ways(route(REWRITTEN).replace('models.example.org', 'new.user1.example.com')), [], 'published by KServe')
})

t.test('models have addresses with their names alike, and few of very many', async t => {
  const own = route(REWRITTEN).replace('models.example.org', 'new.user1.example.org')
  t.match(ways(own)[0], /^external route {name}\.{namespace}\.example\.org serve /)
  const hosts = Array.from({ length: 30 }, (_, i) => `host${i}.example.org`).join(', ')
  const many = [route(REWRITTEN), route(REWRITTEN).replace('name: own', 'name: other')].map(one =>
    one.replace('models.example.org', hosts)
  )
  t.equal(ways(together(...many)).filter(line => line.includes(' serve ')).length, 20)
})
