import t from 'tap'
import rule from '../../src/rules/virtualservice-host-conflict.ts'
import { cases } from '../support/cases.ts'
import { model } from '../support/objects.ts'

const route = (hosts: string, more = '', gateways?: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: own ${more} }
spec: { hosts: [${hosts}] ${gateways === undefined ? '' : `, gateways: [${gateways}]`} }
`
const IRIS = 'sklearn-iris.user1.svc.cluster.local'
const place = (i = 0) => [`VirtualService user1/own spec.hosts[${i}]`]
const owner = (apiVersion: string) =>
  `, ownerReferences: [{ apiVersion: ${apiVersion}, kind: Ingress, name: a, uid: a, controller: true }]`

cases(t, rule, {
  'its own host': [route(`a.example.com, ${IRIS}`), place(1)],
  'in short': [route('sklearn-iris.user1'), place()],
  'in shorter': [route('sklearn-iris'), place()],
  'with svc': [route('sklearn-iris-predictor.user1.svc'), place()],
  'of each component': [
    `${route('new-transformer.user1, new-explainer.user1')}---${model('', 'predictor: {}, transformer: {}, explainer: {}')}`,
    [...place(0), ...place(1)]
  ],
  'of a component that it has not': [route('sklearn-iris-transformer.user1'), []],
  'of another Service': [route('httpbin.user1.svc.cluster.local'), []],
  'of another cluster': [route('sklearn-iris.user1.svc.example.com'), []],
  'a wildcard': [route('"*.user1.svc.cluster.local", "*"'), []],
  'for sidecars': [route(IRIS, '', 'mesh'), place()],
  'at the public gateway': [route(IRIS, '', 'knative-serving/knative-ingress-gateway'), place()],
  'at a gateway of its own': [route(IRIS, '', 'user1/own'), []],
  "KServe's": [route(IRIS, owner('serving.kserve.io/v1beta1')), []],
  "Knative's": [route(IRIS, owner('networking.internal.knative.dev/v1alpha1')), []],
  "somebody else's": [route(IRIS, owner('example.com/v1')), place()],
  "net-istio's": [route(IRIS, ', labels: { networking.internal.knative.dev/ingress: sklearn-iris-predictor }'), []],
  'by the name of the model': [route(IRIS).replace('name: own', 'name: sklearn-iris'), []],
  'by the name of the model, elsewhere': [
    route(IRIS).replace('namespace: user1, name: own', 'namespace: user2, name: sklearn-iris'),
    ['VirtualService user2/sklearn-iris spec.hosts[0]']
  ]
})
