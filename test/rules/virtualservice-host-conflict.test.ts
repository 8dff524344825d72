import t from 'tap'
import rule from '../../src/rules/virtualservice-host-conflict.ts'
import { model } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

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

testRule(t, rule, {
  'full host': [route(`a.example.com, ${IRIS}`), place(1)],
  'host with namespace': [route('sklearn-iris.user1'), place()],
  'host without namespace': [route('sklearn-iris'), place()],
  'host with svc': [route('sklearn-iris-predictor.user1.svc'), place()],
  'host of each component': [
    `${route('new-transformer.user1, new-explainer.user1')}---${model('', 'predictor: {}, transformer: {}, explainer: {}')}`,
    [...place(0), ...place(1)]
  ],
  'host of a model in Standard mode': [
    `${route('new.user1, new-predictor.user1')}---${model(', annotations: { serving.kserve.io/deploymentMode: Standard }')}`,
    []
  ],
  'host of an absent component': [route('sklearn-iris-transformer.user1'), []],
  'host of another Service': [route('httpbin.user1.svc.cluster.local'), []],
  'host of another cluster domain': [route('sklearn-iris.user1.svc.example.com'), []],
  'wildcard host': [route('"*.user1.svc.cluster.local", "*"'), []],
  'gateway mesh': [route(IRIS, '', 'mesh'), place()],
  'public gateway': [route(IRIS, '', 'knative-serving/knative-ingress-gateway'), place()],
  'gateway of a user': [route(IRIS, '', 'user1/own'), []],
  'owned by KServe': [route(IRIS, owner('serving.kserve.io/v1beta1')), []],
  'owned by Knative': [route(IRIS, owner('networking.internal.knative.dev/v1alpha1')), []],
  'owned by another controller': [route(IRIS, owner('example.com/v1')), place()],
  'created by net-istio': [
    route(IRIS, ', labels: { networking.internal.knative.dev/ingress: sklearn-iris-predictor }'),
    []
  ],
  'name of the model': [route(IRIS).replace('name: own', 'name: sklearn-iris'), []],
  'name of the model in another namespace': [
    route(IRIS).replace('namespace: user1, name: own', 'namespace: user2, name: sklearn-iris'),
    ['VirtualService user2/sklearn-iris spec.hosts[0]']
  ]
})
