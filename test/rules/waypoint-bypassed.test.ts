import t from 'tap'
import rule from '../../src/rules/waypoint-bypassed.ts'
import { authorization, model, namespace, pod, together, waypoint } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const amb = (yaml: string) => yaml.replaceAll('user1', 'amb')
const bound = (labels = '') => namespace(`istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint ${labels}`)
const MODEL = model(', annotations: { serving.kserve.io/deploymentMode: Standard }')
const TARGET = 'targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: waypoint }]'
const from = (...names: readonly string[]) => `rules: [{ from: [{ source: { namespaces: [${names.join()}] } }] }]`
const policy = (spec: string) => authorization('user1', `{ ${TARGET}, ${spec} }`)
const state = (...objects: readonly string[]) => amb(together(...objects))
const PLACE = ['InferenceService amb/new spec.predictor']

testRule(t, rule, {
  'policy that names ambient callers': [state(bound(), waypoint(), MODEL, policy(from('clients'))), PLACE],
  'policy that allows the gateways': [state(bound(), waypoint(), MODEL, policy(from('clients', 'istio-system'))), []],
  'gateways pass the waypoint': [
    state(bound(', istio.io/ingress-use-waypoint: "true"'), waypoint(), MODEL, policy(from('clients', 'istio-system'))),
    []
  ],
  'gateways with another value of the label': [
    state(bound(', istio.io/ingress-use-waypoint: "yes"'), waypoint(), MODEL, policy(from('clients'))),
    PLACE
  ],
  'pods that allow only the waypoint': [
    state(
      bound(),
      waypoint(),
      MODEL,
      policy(from('clients')),
      authorization('user1', `{ ${from('amb')} }`).replace('name: rules', 'name: pods')
    ),
    []
  ],
  'sidecars that the policy denies': [
    state(
      bound(),
      waypoint(),
      MODEL,
      policy(from('clients', 'istio-system')),
      namespace('istio-injection: enabled').replaceAll('user1', 'injected'),
      `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: injected }
spec: { egress: [{ hosts: ["*/*"] }] }
`
    ),
    PLACE
  ],
  'AUDIT policy': [state(bound(), waypoint(), MODEL, policy(`action: AUDIT, ${from('clients')}`)), []],
  'waypoint without policies': [state(bound(), waypoint(), MODEL), []],
  'no waypoint': [state(bound(), MODEL, policy(from('clients'))), []],
  'model on Knative': [state(bound(), waypoint(), model(''), policy(from('clients'))), []],
  'waypoint whose pods are gone': [
    state(bound(), `${waypoint()}status: { addresses: [{ value: 10.0.0.1 }] }\n`, MODEL, policy(from('clients'))),
    []
  ],
  'running waypoint': [
    state(
      bound(),
      `${waypoint()}status: { addresses: [{ value: 10.0.0.1 }] }\n`,
      MODEL,
      policy(from('clients')),
      pod(
        'user1',
        'waypoint-0',
        'gateway.networking.k8s.io/gateway-name: waypoint, istio.io/dataplane-mode: none',
        'waypoint'
      )
    ),
    PLACE
  ]
})
