import t from 'tap'
import rule from '../../src/rules/callers-lose-sidecar.ts'
import { authorization, kserveConfig, pod, policy, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const callers = (labels: string, more = '') => `
apiVersion: v1
kind: Namespace
metadata: { name: clients, labels: { ${labels} } ${more} }
`
/** Running pod of a caller. */
const client = (labels = 'app: client', proxy: 'none' | 'sidecar' | 'router' = 'sidecar') =>
  pod('clients', 'client', labels, proxy)
/** Model in Standard mode, with running pods. */
const direct = (labels = '', name = 'direct') =>
  together(
    `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  namespace: user1
  name: ${name}
  labels: { sidecar.istio.io/inject: "true" }
  annotations: { serving.kserve.io/deploymentMode: Standard }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`,
    pod(
      'user1',
      name,
      `serving.kserve.io/inferenceservice: ${name}, component: predictor, security.istio.io/tlsMode: istio ${labels}`,
      'sidecar'
    )
  )
/** Model in Standard mode, with pods in ambient mode. */
const captured = () =>
  direct()
    .replace('sidecar.istio.io/inject: "true"', 'istio.io/dataplane-mode: ambient')
    .replace('{ name: istio-proxy, args: [proxy, sidecar] }', '')
    .replace('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const FOUND = ['Namespace /clients metadata.labels']
const DISABLED = 'istio-injection: disabled'
const AMBIENT = 'istio.io/dataplane-mode: ambient'
const TUNNEL = ', networking.istio.io/tunnel: http'
const LOST = together(callers(DISABLED), client(), STRICT, direct())
const onlyFrom = (namespace: string) =>
  authorization('user1', `{ rules: [{ from: [{ source: { namespaces: ["${namespace}"] } }] }] }`)

testRule(t, rule, {
  'models in Knative mode, whose local gateway accepts plaintext': [together(callers(DISABLED), client(), STRICT), []],
  'model in Standard mode': [LOST, FOUND],
  'namespace without labels': [together(callers(''), client(), STRICT, direct()), FOUND],
  'revision that does not exist': [together(callers('istio.io/rev: gone'), client(), STRICT, direct()), FOUND],
  'namespace that injects': [together(callers('istio-injection: enabled'), client(), STRICT, direct()), []],
  'label of the pod that requests a sidecar': [
    together(callers(''), client('sidecar.istio.io/inject: "true"'), STRICT, direct()),
    []
  ],
  'sidecar that was injected manually': [
    together(callers(DISABLED), client('sidecar.istio.io/inject: "false"'), STRICT, direct()),
    []
  ],
  'pod in the host network': [
    together(
      callers(DISABLED),
      pod('clients', 'client', 'app: client', 'sidecar', ', hostNetwork: true'),
      STRICT,
      direct()
    ),
    []
  ],
  'callers without a sidecar': [together(callers(DISABLED), client('app: client', 'none'), STRICT, direct()), []],
  'gateway of the namespace': [together(callers(DISABLED), client('app: client', 'router'), STRICT, direct()), []],
  'several callers': [
    together(
      callers(''),
      client('sidecar.istio.io/inject: "true"'),
      `
apiVersion: v1
kind: Pod
metadata:
  namespace: clients
  name: other-1
  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: other, controller: true }]
spec: { containers: [{ name: istio-proxy, args: [proxy, sidecar] }] }
`,
      STRICT,
      direct()
    ),
    FOUND
  ],
  'pods of models': [
    together(callers(DISABLED), client('serving.kserve.io/inferenceservice: other'), STRICT, direct()),
    []
  ],
  'namespace that is being deleted': [
    together(callers(DISABLED, ", deletionTimestamp: '2026-01-01T00:00:00Z'"), client(), STRICT, direct()),
    []
  ],
  'namespace that the state does not have': [together(client(), STRICT, direct()), []],
  'model that accepts plaintext': [together(callers(DISABLED), client(), direct()), []],
  'policy that requires the identity of the callers': [
    together(callers(DISABLED), client(), direct(), onlyFrom('clients')),
    FOUND
  ],
  'policy that denies the callers already': [together(callers(DISABLED), client(), direct(), onlyFrom('other')), []],
  'ambient namespace, model without HBONE': [together(callers(AMBIENT), client(), STRICT, direct()), FOUND],
  'ambient namespace, model with HBONE': [together(callers(AMBIENT), client(), STRICT, direct(TUNNEL)), []],
  'policy of a model with HBONE that requires the identity of ambient callers': [
    together(callers(AMBIENT), client(), direct(TUNNEL), onlyFrom('clients')),
    []
  ],
  'ambient namespace, model that ztunnel captures': [together(callers(AMBIENT), client(), STRICT, captured()), []],
  'policy of a model that ztunnel captures': [
    together(callers(AMBIENT), client(), captured(), onlyFrom('clients')),
    []
  ],
  'ambient namespace, pod that ztunnel does not capture': [
    together(callers(AMBIENT), client('istio.io/dataplane-mode: none'), STRICT, direct(TUNNEL)),
    FOUND
  ],
  'ambient pod': [together(callers(DISABLED), client(AMBIENT), STRICT, direct(TUNNEL)), []]
})

/** Gateway `knative-local-gateway` with one server. */
const localGateway = (server: string) => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway }
spec: { selector: { istio: ingressgateway }, servers: [${server}] }
`
const denied = (namespaces: string) =>
  authorization('user1', `{ action: DENY, rules: [{ from: [{ source: { namespaces: ["${namespaces}"] } }] }] }`)
/** Callers with a sidecar call pods or the activator; others call Knative's local gateway. */
const DIRECT = kserveConfig({ disableIstioVirtualHost: true })

testRule(t, rule, {
  'Knative mode, local gateway that accepts only mTLS': [
    together(
      callers(DISABLED),
      client(),
      DIRECT,
      localGateway(
        '{ port: { number: 8081, name: https, protocol: HTTPS }, tls: { mode: ISTIO_MUTUAL }, hosts: ["*"] }'
      )
    ),
    FOUND
  ],
  'Knative mode, local gateway without the route, ambient callers': [
    together(
      callers(AMBIENT),
      client(),
      DIRECT,
      localGateway('{ port: { number: 8081, name: http, protocol: HTTP }, hosts: ["other.example.com"] }')
    ),
    FOUND
  ],
  'Knative mode, policy that denies the gateways': [
    together(callers(DISABLED), client(), DIRECT, denied('istio-system')),
    FOUND
  ],
  'Knative mode, policy that denies the gateways and the callers': [
    together(callers(DISABLED), client(), DIRECT, denied('istio-system", "clients')),
    []
  ]
})

t.test('the finding names the models that the callers lose, and the fix injects again', async t => {
  const [found] = findingsOf(rule.id, together(LOST, direct('', 'another')))
  t.match(found, {
    category: 'latent-outage',
    mode: 'warn',
    message: 'Next pods of clients have no sidecar: calls to user1/another and 1 more will fail',
    fix: { apply: [{ metadata: { name: 'clients', labels: { 'istio-injection': 'enabled' } } }] }
  })
  t.same(found?.blocked, [
    { inferenceService: 'user1/another', caller: 'in-mesh', from: ['clients'], hop: 'caller->pod' },
    { inferenceService: 'user1/direct', caller: 'in-mesh', from: ['clients'], hop: 'caller->pod' }
  ])
  const [ambient] = findingsOf(rule.id, together(callers(AMBIENT), client(), STRICT, direct()))
  t.equal(ambient?.message, 'Next pods of clients are ambient: calls to user1/direct will fail')
  const [fixed] = ambient?.fix.apply ?? []
  t.same(fixed?.metadata, { name: 'clients', labels: { 'istio-injection': 'enabled' } }, 'not ambient any more')
})
