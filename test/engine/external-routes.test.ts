import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { proveFixes } from '../../src/engine/fix-proof.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { authorizing, gateway, kserveConfig, model as newModel, policy, together } from '../support/objects.ts'
import {
  ENVOY_CLASS,
  GATEWAY_API,
  httpRoute,
  ISTIO_CLASS,
  ingress,
  OPEN_LISTENER,
  ownRoute,
  publicGateway,
  standardModel
} from '../support/routes.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const PREDICTED = '{ backendRefs: [{ name: new-predictor, port: 80 }] }'
const CREATED = 'namespace: user1, name: new, creationTimestamp: "2026-01-01T00:00:00Z"'
const model = standardModel.replace('name: new,', 'name: new, creationTimestamp: "2026-01-01T00:00:00Z",')
const live = httpRoute(PREDICTED, '', CREATED)
const state = (...objects: readonly string[]) =>
  together(GATEWAY_API, ISTIO_CLASS, publicGateway(), model, live, ...objects)

/** Decision about a change, with its rules and what is not evaluated; then how the fixes of a denial are proven. */
function decided(before: string, yaml: string, deleting = false): readonly string[] {
  const snapshot = stockWith(before)
  const after = resourceOf(yaml)
  const old = snapshot.get(after.kind, after.namespace, after.name)
  const change = (
    deleting
      ? { operation: 'DELETE', before: old }
      : old === undefined
        ? { operation: 'CREATE', after }
        : { operation: 'UPDATE', before: old, after: { ...after, created: old.created } }
  ) as Change
  const { decision, findings, notEvaluated } = decide(snapshot, change, RULES, DEFAULT_POLICY)
  const denying = findings.filter(({ mode }) => mode === 'deny')
  const proof =
    denying.length === 0
      ? []
      : [proveFixes(snapshot, change, denying, { rules: RULES, policy: DEFAULT_POLICY, read: readResource })]
  return [
    decision,
    ...new Set(findings.filter(({ mode }) => mode === decision).map(({ rule }) => rule)),
    ...notEvaluated.map(({ reason }) => reason),
    ...proof.map(one => (one.is === 'bad' ? one.reason : one.is))
  ]
}

const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')

t.test('the route of a model, and the Gateway that accepts it', async t => {
  t.same(decided(state(), live.replace('new-predictor', 'gone')), ['deny', 'route-backend-invalid', 'words'])
  const away = httpRoute('{ backendRefs: [{ name: istiod, namespace: istio-system, port: 443 }] }', '', CREATED)
  t.same(decided(state(), away).slice(0, 2), ['deny', 'route-backend-invalid'])
  t.same(decided(state(), publicGateway('{ name: http, port: 80, protocol: HTTP }')), [
    'deny',
    'httproute-not-accepted',
    'good'
  ])
  t.same(decided(state(), publicGateway(), true), ['deny', 'no-endpoints', 'words'])
  t.same(decided(state(), live, true), ['allow'], 'KServe creates it again')
})

t.test('what the proxies of another class send', async t => {
  t.same(decided(state(), STRICT), ['warn', 'plaintext-to-strict-workload'], 'only callers without a sidecar')
  const envoy = together(GATEWAY_API, ENVOY_CLASS, publicGateway(OPEN_LISTENER, 'envoy'), model, live)
  t.same(decided(envoy, STRICT).slice(0, 2), ['deny', 'plaintext-to-strict-workload'])
})

t.test('KServe writes its routes again if its configuration changes', async t => {
  const config = (name: string) => kserveConfig({ enableGatewayApi: true, kserveIngressGateway: `kserve/${name}` })
  t.same(decided(state(), config('gone')).slice(0, 2), ['deny', 'no-endpoints'])
  t.same(decided(state(publicGateway(OPEN_LISTENER, 'istio', 'other')), config('other')), ['allow'])
  const patched = state(publicGateway(OPEN_LISTENER, 'istio', 'other')).replace(
    live,
    live.replace('name: public', 'name: other')
  )
  t.same(decided(patched, publicGateway('', 'istio', 'other')).slice(0, 2), ['deny', 'httproute-not-accepted'])
})

t.test('an Ingress of a model', async t => {
  const own = '{ name: new-predictor, port: { number: 80 } }'
  const before = together(model, ingress('/', own, 'istio', CREATED))
  t.same(decided(before, ingress('/v2', own)), ['deny', 'gateway-route-missing', 'words'])
  t.match(decided(before, ingress('/', own, 'nginx')), ['warn', /Ingress class nginx has no Istio gateway pods/])
  t.same(decided(before, ingress('/v1', own)), ['allow'])
})

t.test('an address that a VirtualService of a gateway has for a model', async t => {
  const known = together(newModel(', creationTimestamp: "2026-01-01T00:00:00Z"'), ownRoute())
  const closed = authorizing(
    '{ selector: { matchLabels: { istio: ingressgateway } }, action: DENY, rules: [{ to: [{ operation: { hosts: [models.example.org] } }] }] }',
    'istio-system'
  )
  const narrow = gateway(
    'knative-ingress-gateway',
    '{ hosts: ["*.example.com"], port: { number: 80, name: http, protocol: HTTP } }'
  )
  t.same(decided(known, closed), ['warn', 'policy-denies-request-path'])
  t.same(decided(known, narrow), ['deny', 'gateway-route-missing', 'words'])
  t.same(decided(together(newModel(''), closed), ownRoute()), ['allow'], 'no caller uses a new address')
  t.same(decided(together(ownRoute(), closed), newModel('')), ['allow'], 'nor that of a new model')
  t.same(decided(known, ownRoute('sklearn-iris-predictor')), ['allow'], 'the address is for another model')
  t.same(decided(known, ownRoute(), true), ['allow'], 'the address is given up')
})
