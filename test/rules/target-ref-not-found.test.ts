import t from 'tap'
import rule from '../../src/rules/target-ref-not-found.ts'
import { authentication, authorizing, namespace, pod, together, waypoint } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const API = 'gateway.networking.k8s.io'
const ref = (group: string, kind: string, name: string, more = '') =>
  `{ group: ${group}, kind: ${kind}, name: ${name} ${more} }`
const targeting = (refs: string, namespace?: string) =>
  authorizing(`{ action: DENY, targetRefs: [${refs}], rules: [{}] }`, namespace)
const gatewayPod = pod('user1', 'gw', `${API}/gateway-name: gw`, 'router')
const service = (name: string, labels = '{}') => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: ${name}, labels: ${labels} }
spec: { ports: [{ port: 80 }] }
`
const BOUND = service('sklearn-iris', '{ istio.io/use-waypoint: waypoint }')
const PLACE = ['AuthorizationPolicy user1/policy spec.targetRefs[0]']
const MODEL = ref('""', 'Service', 'sklearn-iris')
const GATEWAY = ref(API, 'Gateway', 'gw')

testRule(t, rule, {
  'Gateway without pods': [targeting(GATEWAY), PLACE],
  'Gateway with pods': [together(gatewayPod, targeting(GATEWAY)), []],
  'Gateway of another namespace': [
    together(gatewayPod, targeting(ref(API, 'Gateway', 'gw', ', namespace: user2'))),
    PLACE
  ],
  'second of two references': [
    together(gatewayPod, targeting(`${GATEWAY}, ${ref(API, 'Gateway', 'gone')}`)),
    ['AuthorizationPolicy user1/policy spec.targetRefs[1]']
  ],
  'single reference': [
    authorizing(`{ targetRef: ${GATEWAY}, rules: [{}] }`),
    ['AuthorizationPolicy user1/policy spec.targetRef']
  ],
  RequestAuthentication: [
    authentication('user1', `{ targetRefs: [${GATEWAY}], jwtRules: [{ issuer: a }] }`),
    ['RequestAuthentication user1/tokens spec.targetRefs[0]']
  ],
  'Gateway of Istio': [targeting(ref('networking.istio.io', 'Gateway', 'gw')), PLACE],
  'Service that does not exist': [targeting(ref('""', 'Service', 'gone')), PLACE],
  'Service of a model without waypoint': [together(service('sklearn-iris'), targeting(MODEL)), PLACE],
  'Gateway that its controller has yet to serve': [
    together(waypoint(), targeting(ref(API, 'Gateway', 'waypoint'))),
    []
  ],
  'Service of a model with a waypoint': [together(BOUND, waypoint(), targeting(MODEL)), []],
  'Service of a model with a waypoint that does not exist': [together(BOUND, targeting(MODEL)), PLACE],
  'Service of a model with a waypoint that is not modeled': [
    together(
      BOUND.replace('waypoint: waypoint', 'waypoint: waypoint, istio.io/use-waypoint-canary: new'),
      targeting(MODEL)
    ),
    []
  ],
  'namespace with a waypoint': [
    together(service('sklearn-iris'), namespace('istio.io/use-waypoint: waypoint'), waypoint(), targeting(MODEL)),
    []
  ],
  'Service of no model': [together(service('app'), targeting(ref('core', 'Service', 'app'))), []],
  ServiceEntry: [targeting(ref('networking.istio.io', 'ServiceEntry', 'a')), []],
  'kind without a name or group': [targeting('{ kind: Pod }'), []],
  'class of waypoints in the root namespace': [
    targeting(ref(API, 'GatewayClass', 'istio-waypoint'), 'istio-system'),
    []
  ],
  'class of waypoints in another namespace': [targeting(ref(API, 'GatewayClass', 'istio-waypoint')), PLACE],
  'another class': [
    targeting(ref(API, 'GatewayClass', 'istio'), 'istio-system'),
    ['AuthorizationPolicy istio-system/policy spec.targetRefs[0]']
  ],
  'namespace without models': [targeting(GATEWAY, 'user2'), []],
  'no reference': [authorizing('{ rules: [{}] }'), []]
})
