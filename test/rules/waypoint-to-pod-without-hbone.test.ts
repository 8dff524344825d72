import t from 'tap'
import rule from '../../src/rules/waypoint-to-pod-without-hbone.ts'
import { model, namespace, pod, together, waypoint } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const captured = (yaml: string) =>
  yaml.replace('metadata: {', 'metadata: { annotations: { ambient.istio.io/redirection: enabled },')
const AMBIENT = namespace('istio.io/dataplane-mode: ambient')
const BOUND = namespace('istio.io/use-waypoint: waypoint')
const plain = (yaml: string) => yaml.replaceAll('user1', 'plain')
const CALLERS = together(AMBIENT, captured(pod('user1', 'client', 'app: client', 'none'))).replaceAll(
  'user1',
  'callers'
)
const STANDARD = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
const HEADLESS = `
apiVersion: v1
kind: Service
metadata: { name: new-predictor, namespace: user1 }
spec: { clusterIP: None, selector: { app: isvc.new-predictor }, ports: [{ port: 80, targetPort: 8080 }] }
`
const state = (...objects: readonly string[]) => together(CALLERS, ...objects.map(plain))
const LABELS = 'serving.kserve.io/inferenceservice: new, component: predictor, app: isvc.new-predictor'
const POD = pod('user1', 'new-0', `${LABELS}, istio.io/use-waypoint: waypoint`, 'none')
const NAMESPACE = 'Namespace /plain metadata.labels[istio.io/use-waypoint]'

testRule(t, rule, {
  'headless Service of pods without proxy': [
    state(BOUND, waypoint('istio.io/waypoint-for: all'), STANDARD, HEADLESS),
    [NAMESPACE]
  ],
  'waypoint for pod addresses': [
    state(BOUND, waypoint('istio.io/waypoint-for: workload'), STANDARD, HEADLESS),
    [NAMESPACE]
  ],
  'waypoint that a label of the pod names': [
    state(namespace('team: a'), waypoint('istio.io/waypoint-for: all'), STANDARD, HEADLESS, POD),
    ['Pod plain/new-0 metadata.labels[istio.io/use-waypoint]']
  ],
  'waypoint for Services': [state(BOUND, waypoint(), STANDARD, HEADLESS), []],
  'Service with an address': [
    state(BOUND, waypoint('istio.io/waypoint-for: all'), STANDARD, HEADLESS.replace('None', '10.0.0.9')),
    []
  ],
  'pods in ambient mode': [
    state(
      namespace('istio.io/use-waypoint: waypoint, istio.io/dataplane-mode: ambient'),
      waypoint('istio.io/waypoint-for: all'),
      STANDARD,
      HEADLESS
    ),
    []
  ]
})
