/** Changes in ambient mode that concern waypoints. */
import t from 'tap'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { decisionOn } from '../support/decision.ts'
import {
  authorization,
  clientRule,
  model,
  namespace,
  networkPolicy,
  pod,
  together,
  waypoint
} from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

/** Objects of namespace `amb` instead of `user1`, whose pods have sidecars. */
const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')

/** Decision, and for each finding its rule and the paths that it blocks. */
function decided(state: Snapshot, yaml: string): readonly string[] {
  const { decision, findings, notEvaluated } = decisionOn(state, yaml)
  return [
    decision,
    ...findings.map(
      ({ rule, blocked }) =>
        `${rule}: ${blocked.map(({ caller, from = [], hop }) => `${caller}${from.length > 0 ? ` (${from.join()})` : ''} at ${hop}`).join(', ')}`
    ),
    ...notEvaluated.map(({ reason }) => reason)
  ]
}

const AMBIENT = 'istio.io/dataplane-mode: ambient'
const USE = 'istio.io/use-waypoint: waypoint'
const CREATED = ', creationTimestamp: "2026-01-01T00:00:00Z"'
const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const MODEL = model(`${STANDARD}${CREATED}`)
const CLIENTS = namespace(AMBIENT).replaceAll('user1', 'clients')
const RUNNING = pod('clients', 'client', 'app: client', 'none').replace(
  'metadata: {',
  'metadata: { annotations: { ambient.istio.io/redirection: enabled },'
)
const inAmbient = (labels: string, ...more: readonly string[]) =>
  together(CLIENTS, RUNNING, namespace(`${AMBIENT}${labels === '' ? '' : `, ${labels}`}`), MODEL, ...more)
const from = (...names: readonly string[]) => `rules: [{ from: [{ source: { namespaces: [${names.join()}] } }] }]`
const SERVICE = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: new-predictor }
spec: { selector: { app: isvc.new-predictor }, ports: [{ port: 80, targetPort: 8080 }] }
`
const HEADLESS = SERVICE.replace('spec: {', 'spec: { clusterIP: None,')
const OTHER = SERVICE.replaceAll('new-predictor', 'other').replace('isvc.', '')
const routes = (route: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: routes, namespace: user1 }
spec: { hosts: [new-predictor], exportTo: ["."], http: [{ route: ${route} }] }
`
const WAYPOINT_OF_OTHERS = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: istio-waypoint }
spec: { controllerName: example.com/waypoint }
`
const TO_SERVICE = 'targetRefs: [{ group: "", kind: Service, name: new-predictor }]'

const CHANGES: Readonly<Record<string, readonly [state: string, change: string, expected: readonly string[]]>> = {
  'W21: a namespace binds a waypoint, and its policy names the clients': [
    inAmbient('', waypoint(), authorization('user1', `{ ${from('clients', 'istio-system', 'knative-serving')} }`)),
    namespace(`${AMBIENT}, ${USE}`),
    ['deny', 'policy-denies-request-path: in-mesh (clients) at caller->pod']
  ],
  'the policy names the waypoint': [
    inAmbient('', waypoint(), authorization('user1', `{ ${from('clients', 'istio-system', 'amb')} }`)),
    namespace(`${AMBIENT}, ${USE}`),
    ['allow']
  ],
  'a waypoint is created for a namespace whose policy names the clients': [
    inAmbient(USE, authorization('user1', `{ ${from('clients', 'istio-system')} }`)),
    waypoint(),
    ['deny', 'policy-denies-request-path: in-mesh (clients) at caller->pod']
  ],
  'a waypoint, on which the policy of the pods relies, handles nothing any more': [
    inAmbient(USE, waypoint(), authorization('user1', `{ ${from('amb', 'istio-system')} }`)),
    waypoint('istio.io/waypoint-for: none'),
    ['warn', 'policy-denies-request-path: in-mesh (clients) at caller->pod', 'waypoint-not-bound: ']
  ],
  'a policy of the waypoint that names other clients': [
    inAmbient(USE, waypoint(), SERVICE),
    authorization('user1', `{ ${TO_SERVICE}, ${from('others', 'istio-system')} }`),
    ['warn', 'policy-denies-request-path: in-mesh (amb) at caller->pod, in-mesh (clients) at caller->pod']
  ],
  'a policy of the waypoint that names the clients': [
    inAmbient(USE, waypoint(), SERVICE),
    authorization('user1', `{ ${TO_SERVICE}, ${from('clients', 'amb', 'istio-system')} }`),
    ['allow']
  ],
  'DestinationRule of the waypoint, which has no Istio mTLS': [
    inAmbient(USE, waypoint()),
    clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }', 'user1'),
    ['allow']
  ],
  'DestinationRule of the waypoint with TLS': [
    inAmbient(USE, waypoint()),
    clientRule('new-predictor.user1.svc.cluster.local', '{ tls: { mode: SIMPLE } }', 'user1'),
    ['warn', 'amb/new: whether the application serves TLS on port 8080 cannot be seen at gateway->pod, caller->pod']
  ],
  'VirtualService that splits requests at the waypoint': [
    inAmbient(
      USE,
      waypoint(),
      OTHER,
      pod('user1', 'other', 'app: other, serving.kserve.io/inferenceservice: new', 'none')
    ),
    routes('[{ destination: { host: new-predictor }, weight: 50 }, { destination: { host: other }, weight: 50 }]'),
    ['allow']
  ],
  'VirtualService that sends requests to another workload at the waypoint': [
    inAmbient(USE, waypoint(), OTHER, pod('user1', 'other', 'app: other', 'none')),
    routes('[{ destination: { host: other } }]'),
    ['deny', 'virtualservice-diverts-model: in-mesh (amb) at caller->pod, in-mesh (clients) at caller->pod']
  ],
  'VirtualService that sends requests to the same Service': [
    inAmbient(USE, waypoint()),
    routes('[{ destination: { host: new-predictor } }]'),
    ['allow']
  ],
  'VirtualService of a gateway': [
    inAmbient(USE, waypoint()),
    routes('[{ destination: { host: other } }]').replace('spec: {', 'spec: { gateways: [knative-serving/none],'),
    ['allow']
  ],
  'a waypoint for pod addresses': [
    together(CLIENTS, RUNNING, namespace(USE), HEADLESS, waypoint(), MODEL),
    waypoint('istio.io/waypoint-for: all'),
    ['deny', 'waypoint-to-pod-without-hbone: in-mesh (clients) at caller->pod']
  ],
  'HTTPRoute of the Service': [
    inAmbient(USE, waypoint(), SERVICE),
    `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: routes, namespace: user1 }
spec:
  parentRefs: [{ group: "", kind: Service, name: new-predictor }]
  rules: [{ backendRefs: [{ name: new-predictor, port: 80 }] }]
`,
    [
      'warn',
      'amb/new: HTTPRoute amb/routes is for requests to a Service; its routes in sidecars are not modeled at caller->local-gateway'
    ]
  ],
  'canary waypoint': [
    inAmbient(USE, waypoint(), authorization('user1', `{ ${from('clients', 'istio-system', 'amb')} }`)),
    namespace(`${AMBIENT}, ${USE}, istio.io/use-waypoint-canary: new`),
    ['warn', 'amb/new: label istio.io/use-waypoint-canary is not modeled at caller->pod']
  ],
  'waypoint of another controller': [
    inAmbient(USE, WAYPOINT_OF_OTHERS),
    waypoint(),
    ['warn', 'amb/new: controller example.com/waypoint of waypoint amb/waypoint is not modeled at caller->pod']
  ],
  'waypoint in front of another proxy': [
    inAmbient(USE),
    waypoint().replace('labels:', 'annotations: { ambient.istio.io/waypoint-inbound-binding: PROXY/15088 }, labels:'),
    [
      'warn',
      'amb/new: annotation ambient.istio.io/waypoint-inbound-binding of waypoint amb/waypoint is not modeled at caller->pod'
    ]
  ],
  'NetworkPolicy that allows only the port of the application, not that of HBONE': [
    inAmbient(''),
    networkPolicy('{ podSelector: {}, ingress: [{ ports: [{ port: 8080 }] }] }'),
    ['deny', 'network-policy-blocks-path: external at gateway->pod']
  ]
}

for (const [name, [state, change, expected]] of Object.entries(CHANGES)) {
  t.test(name, async t => t.same(decided(stockWith(amb(state)), amb(change)), expected))
}
