import t from 'tap'
import rule from '../../src/rules/waypoint-not-bound.ts'
import { model, namespace, together, waypoint } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')
const USE = 'istio.io/use-waypoint: waypoint'
const bound = (labels = '') => namespace(`istio.io/dataplane-mode: ambient, ${USE} ${labels}`)
const MODEL = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
const service = (name: string, labels: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: ${name}, labels: { ${labels} } }
spec: { selector: { app: isvc.new-predictor }, ports: [{ port: 80, targetPort: 8080 }] }
`
const NAMESPACE = ['Namespace /amb metadata.labels[istio.io/use-waypoint]']
const SERVICE = ['Service amb/new-predictor metadata.labels[istio.io/use-waypoint]']
const status = (text: string) => `${waypoint()}status: { ${text} }\n`
const PENDING = 'conditions: [{ type: Programmed, status: Unknown }]'
const FAILED = 'conditions: [{ type: Programmed, status: "False" }]'
const state = (...objects: readonly string[]) => amb(together(MODEL, ...objects))

testRule(t, rule, {
  'no waypoint': [state(bound()), NAMESPACE],
  'waypoint whose controller has not reported': [state(bound(), waypoint()), []],
  'waypoint whose controller has yet to report': [state(bound(), status(PENDING)), []],
  'waypoint with an address': [state(bound(), status(`addresses: [{ value: 10.0.0.1 }], ${FAILED}`)), []],
  'waypoint that is not ready': [state(bound(), status(FAILED)), NAMESPACE],
  'waypoint for pod addresses': [state(bound(), waypoint('istio.io/waypoint-for: workload')), []],
  'waypoint for nothing': [state(bound(), waypoint('istio.io/waypoint-for: none')), NAMESPACE],
  'class for nothing': [
    state(
      bound(),
      waypoint(),
      `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: istio-waypoint, labels: { istio.io/waypoint-for: none } }
spec: { controllerName: istio.io/mesh-controller }
`
    ),
    NAMESPACE
  ],
  'waypoint of another namespace': [
    state(bound(', istio.io/use-waypoint-namespace: shared'), waypoint('', '', 'shared')),
    NAMESPACE
  ],
  'waypoint of another namespace that allows all': [
    state(
      bound(', istio.io/use-waypoint-namespace: shared'),
      waypoint('', ', allowedRoutes: { namespaces: { from: All } }', 'shared')
    ),
    []
  ],
  'waypoint without HBONE listener': [state(bound(), waypoint().replace('HBONE', 'HTTP')), []],
  'waypoint of another namespace without HBONE listener': [
    state(bound(', istio.io/use-waypoint-namespace: shared'), waypoint('', '', 'shared').replace('HBONE', 'HTTP')),
    NAMESPACE
  ],
  'waypoint that is not modeled': [state(bound(', istio.io/use-waypoint-canary: new'), waypoint()), []],
  'no label': [state(namespace('istio.io/dataplane-mode: ambient')), []],
  'namespace without models': [bound().replaceAll('user1', 'empty'), []],
  'Service of a model': [state(service('new-predictor', USE)), SERVICE],
  'Service of a model, waypoint for pod addresses': [
    state(service('new-predictor', USE), waypoint('istio.io/waypoint-for: workload')),
    SERVICE
  ],
  'Service of a model that opts out': [
    state(bound(), waypoint(), service('new-predictor', 'istio.io/use-waypoint: none')),
    []
  ],
  'Service of no model': [state(service('app', USE)), []],
  'Service of the waypoint': [
    state(service('new-predictor', `${USE}, gateway.istio.io/managed: istio.io-mesh-controller`)),
    []
  ]
})
