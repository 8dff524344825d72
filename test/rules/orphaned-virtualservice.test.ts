import t from 'tap'
import rule from '../../src/rules/orphaned-virtualservice.ts'
import { configMap } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const config = (off: boolean) =>
  configMap('kserve', 'inferenceservice-config', {
    ingress: JSON.stringify({ ingressGateway: 'knative-serving/knative-ingress-gateway', disableIstioVirtualHost: off })
  })
const route = (owner: string) => `
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: { namespace: user1, name: sklearn-iris, ownerReferences: [${owner}] }
spec: { hosts: [sklearn-iris.user1.svc.cluster.local] }
`
const owner = (apiVersion: string, kind: string) =>
  `{ apiVersion: ${apiVersion}, kind: ${kind}, name: sklearn-iris, uid: a, controller: true }`
const KSERVE = owner('serving.kserve.io/v1beta1', 'InferenceService')

testRule(t, rule, {
  'disableIstioVirtualHost: true': [
    `${config(true)}---${route(KSERVE)}`,
    ['VirtualService user1/sklearn-iris spec.hosts']
  ],
  'disableIstioVirtualHost: false': [`${config(false)}---${route(KSERVE)}`, []],
  'no owner': [`${config(true)}---${route('')}`, []],
  'owned by an Ingress': [
    `${config(true)}---${route(owner('networking.internal.knative.dev/v1alpha1', 'Ingress'))}`,
    []
  ],
  'owned by another API group': [`${config(true)}---${route(owner('other.example.com/v1', 'InferenceService'))}`, []]
})

t.test('the fix deletes the VirtualService', async t => {
  t.match(findingsOf(rule.id, `${config(true)}---${route(KSERVE)}`), [
    { fix: { remove: [{ kind: 'VirtualService', namespace: 'user1', name: 'sklearn-iris' }] } }
  ])
})
