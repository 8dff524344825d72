import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { authentication, authorization, configMap, gateway, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

/** VirtualService of the model with a condition for its external host. */
const routes = (condition = '') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: sklearn-iris }
spec:
  gateways: [knative-serving/knative-local-gateway, mesh, knative-serving/knative-ingress-gateway]
  hosts: [sklearn-iris.user1.svc.cluster.local, sklearn-iris.user1.example.com]
  http:
    - match:
        - { gateways: [knative-serving/knative-local-gateway, mesh], authority: { prefix: sklearn-iris.user1.svc } }
        - { gateways: [knative-serving/knative-ingress-gateway] ${condition} }
      rewrite: { authority: sklearn-iris-predictor.user1.svc.cluster.local }
      route: [{ destination: { host: knative-local-gateway.istio-system.svc.cluster.local, port: { number: 80 } } }]
`
const CLAIM = ', headers: { "@request.auth.claims.group": { exact: admin } }'
const NOT_CLAIM = CLAIM.replace('headers', 'withoutHeaders')
const validating = (namespace: string) => authentication(namespace, '{ jwtRules: [{ issuer: a }] }')
const HTTPS = ', scheme: { exact: https }'
const server = (port: number, protocol: string, more = '') =>
  `{ port: { number: ${port}, name: p${port}, protocol: ${protocol} }, hosts: ["*"] ${more} }`
const TLS = server(443, 'HTTPS', ', tls: { mode: SIMPLE, credentialName: c }')
const ingress = (...servers: readonly string[]) => gateway('knative-ingress-gateway', servers.join())
const TERMINATING = ingress(server(80, 'HTTP'), TLS)
const BEHIND_PROXY = configMap('istio-system', 'istio', {
  mesh: 'defaultConfig: { gatewayTopology: { numTrustedProxies: 1 } }'
})

/** The decision, with the rules of its findings. */
function decisionOn(state: Snapshot, yaml: string, deleting = false) {
  const after = resourceOf(yaml)
  const before = state.get(after.kind, after.namespace, after.name)
  const change = deleting
    ? { operation: 'DELETE', before }
    : { operation: before === undefined ? 'CREATE' : 'UPDATE', before, after }
  const { decision, findings, notEvaluated } = decide(state, change as Change, RULES, DEFAULT_POLICY)
  return [decision, findings.map(({ rule }) => rule).join(), notEvaluated.map(({ reason }) => reason).join()]
}

const BLOCKED = ['deny', 'gateway-route-missing', '']
const ALLOWED = ['allow', '', '']
const UNCERTAIN = [
  'warn',
  '',
  'user1/sklearn-iris: JWT claims or scheme decide whether VirtualService user1/sklearn-iris routes the request at ' +
    'caller->ingress-gateway'
]

/** By test name: state, changed object, and the decision. */
const CHANGES: Readonly<
  Record<string, readonly [state: string, change: string, decision: readonly string[], deleting?: boolean]>
> = {
  'JWT claim at a gateway that validates the JWT': [validating('istio-system'), routes(CLAIM), UNCERTAIN],
  'JWT claim at a gateway that validates none': ['', routes(CLAIM), BLOCKED],
  'JWT claim that only the model validates': [validating('user1'), routes(CLAIM), BLOCKED],
  'JWT claim that requests may not have': [validating('istio-system'), routes(NOT_CLAIM), ALLOWED],
  'no JWT claim any more': [together(validating('istio-system'), routes(CLAIM)), routes(), ALLOWED],
  'no validation of the JWT any more': [
    together(validating('istio-system'), routes(CLAIM)),
    validating('istio-system'),
    UNCERTAIN,
    true
  ],
  'policy behind a route by JWT claims': [
    together(validating('istio-system'), routes(CLAIM)),
    authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [other] } }] }] }'),
    ['deny', 'policy-denies-request-path', UNCERTAIN[2] ?? '']
  ],
  'policy on a gateway that routes by JWT claims': [
    together(validating('istio-system'), routes(CLAIM)),
    authorization(
      'istio-system',
      '{ selector: { matchLabels: { istio: ingressgateway } }, action: DENY, rules: [{ to: [{ operation: { hosts: [sklearn-iris.user1.example.com] } }] }] }'
    ),
    UNCERTAIN
  ],
  'unrelated policy': [together(validating('istio-system'), routes(CLAIM)), authorization('batch', '{}'), ALLOWED],
  'TLS scheme at a gateway without TLS': ['', routes(HTTPS), BLOCKED],
  'TLS scheme at a gateway that terminates TLS': [TERMINATING, routes(HTTPS), ALLOWED],
  'TLS scheme behind a trusted proxy': [BEHIND_PROXY, routes(HTTPS), UNCERTAIN],
  'plaintext scheme behind a trusted proxy': [BEHIND_PROXY, routes(HTTPS.replace('https', 'http')), UNCERTAIN],
  'removed TLS server of a route for the TLS scheme': [
    together(TERMINATING, routes(HTTPS)),
    ingress(server(80, 'HTTP')),
    BLOCKED
  ]
}

for (const [name, [state, change, decision, deleting]] of Object.entries(CHANGES)) {
  t.test(`change: ${name}`, async t => t.same(decisionOn(stockWith(state), change, deleting), decision))
}
