import t from 'tap'
import { predictedHttpRoutes } from '../../src/kserve/http-route.ts'
import { predictedIngress } from '../../src/kserve/ingress.ts'
import type { ResourceOf } from '../../src/state/resource.ts'
import { kserveConfig, model, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const PREDICTOR = 'predictor: { model: { modelFormat: { name: sklearn } } }'
const EXPLAINER = 'explainer: { containers: [] }'
const TRANSFORMER = 'transformer: { containers: [] }'
const BY_PATH = { pathTemplate: '/{{ .Namespace }}/{{ .Name }}' }
const GATEWAY_API = { enableGatewayApi: true, kserveIngressGateway: 'kserve/public' }

const ruleLine = ({ matches, backendRefs }: ResourceOf<'HTTPRoute'>['spec']['rules'][number]) =>
  `${matches.map(({ path }) => path?.value).join()} -> ${backendRefs
    .map(({ name, port, weight }) => [name, port, weight].filter(one => one !== undefined).join(':'))
    .join(' ')}`

/** HTTPRoutes as `name hosts: path -> backends; ...`. */
function httpRoutes(spec: string, config: object = {}, ...objects: readonly string[]): readonly string[] {
  const state = stockWith(together(kserveConfig({ ...GATEWAY_API, ...config }), model(STANDARD, spec), ...objects))
  const service = state.get('InferenceService', 'user1', 'new')
  if (service === undefined) throw new Error('no model')
  return predictedHttpRoutes(state, service).map(
    ({ name, spec }) => `${name} ${spec.hostnames}: ${spec.rules.map(ruleLine).join('; ')}`
  )
}

t.test('KServe creates an HTTPRoute for the model and one for each component', async t => {
  t.same(httpRoutes(PREDICTOR), [
    'new new-user1.example.com: ^/.*$ -> new-predictor:80',
    'new-predictor new-predictor-user1.example.com: ^/.*$ -> new-predictor:80'
  ])
  t.same(httpRoutes(`${PREDICTOR}, ${TRANSFORMER}, ${EXPLAINER}`), [
    'new new-user1.example.com: ^/v1/models/[\\w-]+:explain$ -> new-explainer:80; ^/.*$ -> new-transformer:80',
    'new-predictor new-predictor-user1.example.com: ^/.*$ -> new-predictor:80',
    'new-transformer new-transformer-user1.example.com: ^/.*$ -> new-transformer:80',
    'new-explainer new-explainer-user1.example.com: ^/.*$ -> new-explainer:80'
  ])
  t.same(httpRoutes('predictor: { name: v2, model: { modelFormat: { name: sklearn } } }'), [
    'new new-user1.example.com: ^/.*$ -> new-v2-predictor:80',
    'new-predictor new-predictor-user1.example.com: ^/.*$ -> new-v2-predictor:80'
  ])
})

t.test('additional domains and the path template are on the HTTPRoute of the model', async t => {
  const config = { additionalIngressDomains: ['example.net'], ingressDomain: 'example.com', ...BY_PATH }
  t.same(httpRoutes(`${PREDICTOR}, ${EXPLAINER}`, config)[0]?.split(': ').slice(1), [
    '^/v1/models/[\\w-]+:explain$ -> new-explainer:80; ^/.*$ -> new-predictor:80; ' +
      '/user1/new(/v1/models/[\\w-]+:explain)$ -> new-explainer:80; /user1/new/ -> new-predictor:80'
  ])
  t.match(httpRoutes(PREDICTOR, config)[0], /^new new-user1.example.com,new-user1.example.net,example.com: /)
})

t.test('canaries get their share of the predictor', async t => {
  const canary = 'canary: [{ predictor: { name: v3 }, trafficPercent: 10 }]'
  t.same(httpRoutes(`${PREDICTOR}, ${canary}`), [
    'new new-user1.example.com: ^/.*$ -> new-predictor:80:90 new-v3-predictor:80:10',
    'new-predictor new-predictor-user1.example.com: ^/.*$ -> new-predictor:80:90 new-v3-predictor:80:10'
  ])
})

t.test('a Service with ports for gRPC and REST gets two rules', async t => {
  const service = (ports: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: { ports: [${ports}] }
`
  const [both] = httpRoutes(PREDICTOR, {}, service('{ name: http1, port: 80 }, { name: grpc-x, port: 9000 }'))
  t.equal(
    both,
    'new new-user1.example.com: ^/inference\\.GRPCInferenceService/.*$ -> new-predictor:9000; ^/.*$ -> new-predictor:80'
  )
  const h2c = '{ port: 9000, appProtocol: kubernetes.io/h2c }'
  t.match(httpRoutes(PREDICTOR, {}, service(`${h2c}, { port: 80 }`))[0], /:9000; /)
  t.match(httpRoutes(PREDICTOR, {}, service(h2c))[0], /: \^\/\.\*\$ -> new-predictor:80$/)
})

t.test('no HTTPRoutes without a host or the Gateway API', async t => {
  t.same(httpRoutes(PREDICTOR, { domainTemplate: '{{ len .Name }}' }), [])
  t.same(httpRoutes(PREDICTOR, { disableIngressCreation: true }), [])
  t.same(httpRoutes(PREDICTOR, { enableGatewayApi: false }), [])
})

/** Rules of the Ingress as `host -> Service`. */
function ingressRules(spec: string, config: object = {}): readonly string[] | undefined {
  const state = stockWith(together(kserveConfig({ ingressClassName: 'istio', ...config }), model(STANDARD, spec)))
  const service = state.get('InferenceService', 'user1', 'new')
  const ingress = service && predictedIngress(state, service)
  return ingress?.spec.rules.map(
    ({ host, http }) => `${host} -> ${http?.paths.map(({ backend }) => backend?.service?.name).join()}`
  )
}

t.test('KServe creates one Ingress', async t => {
  t.same(ingressRules(PREDICTOR), [
    'new-user1.example.com -> new-predictor',
    'new-predictor-user1.example.com -> new-predictor'
  ])
  t.same(ingressRules(`${PREDICTOR}, ${TRANSFORMER}`), [
    'new-user1.example.com -> new-transformer',
    'new-transformer-user1.example.com -> new-predictor',
    'new-predictor-user1.example.com -> new-predictor'
  ])
  t.same(ingressRules(`${PREDICTOR}, ${EXPLAINER}`), [
    'new-user1.example.com -> new-predictor',
    'new-explainer-user1.example.com -> new-explainer',
    'new-predictor-user1.example.com -> new-predictor'
  ])
  t.same(ingressRules(`${PREDICTOR}, ${TRANSFORMER}, ${EXPLAINER}`), [
    'new-transformer-user1.example.com -> new-explainer',
    'new-user1.example.com -> new-transformer',
    'new-transformer-user1.example.com -> new-predictor',
    'new-predictor-user1.example.com -> new-predictor'
  ])
  t.equal(ingressRules(PREDICTOR, { disableIngressCreation: true }), undefined)
  t.equal(ingressRules(PREDICTOR, GATEWAY_API), undefined)
})

t.test('without a template that is modeled, only the host of the status is known', async t => {
  const withStatus = `${model(STANDARD, PREDICTOR)}status: { url: "http://iris.example.org" }\n`
  const hosts = (config: object) => {
    const state = stockWith(together(kserveConfig({ domainTemplate: '{{ len .Name }}', ...config }), withStatus))
    const service = state.get('InferenceService', 'user1', 'new')
    if (service === undefined) throw new Error('no model')
    const rules = predictedIngress(state, service)?.spec.rules ?? []
    return [...predictedHttpRoutes(state, service).map(({ spec }) => spec.hostnames), rules.map(({ host }) => host)]
  }
  t.same(hosts({}), [['iris.example.org']])
  t.same(hosts(GATEWAY_API), [['iris.example.org'], [], []])
})
