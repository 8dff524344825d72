import t from 'tap'
import type { InferenceService } from '../../src/kserve/inference-service.ts'
import { predictedObjects, registryOf } from '../../src/request/predicted-objects.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { configMap, kserveConfig, model, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const found = (state: Snapshot) => state.get('InferenceService', 'user1', 'new') as InferenceService
const HOST = 'new.user1.svc.cluster.local'
const PREDICTOR = 'new-predictor.user1.svc.cluster.local'
const withoutLocalGateway = configMap('knative-serving', 'config-istio', { 'local-gateways': '[]' })

t.test('objects of a model', async t => {
  const namesOf = (state: Snapshot) => {
    const { virtualServices, services } = predictedObjects(state, found(state))
    return [virtualServices.map(({ name }) => name), services.map(({ name, spec }) => `${name} ${spec.type}`)]
  }
  t.same(
    namesOf(stockWith(model(''))),
    [
      ['new', 'new-predictor-mesh', 'new-predictor-ingress'],
      ['new-predictor ExternalName', 'new ExternalName']
    ],
    'Knative'
  )
  t.same(
    namesOf(stockWith(together(kserveConfig({ disableIstioVirtualHost: true }), model('')))),
    [['new-predictor-mesh', 'new-predictor-ingress'], ['new-predictor ExternalName']],
    'without a top-level VirtualService'
  )
  t.same(
    namesOf(stockWith(together(withoutLocalGateway, model('')))),
    [
      ['new', 'new-predictor-mesh', 'new-predictor-ingress'],
      ['new-predictor ClusterIP', 'new ExternalName']
    ],
    'without a local gateway of Knative'
  )
})

t.test('the registry has objects that are yet to be created', async t => {
  const short = `
apiVersion: v1
kind: Service
metadata: { name: short, namespace: user1 }
spec: { type: ExternalName, externalName: ${PREDICTOR} }
`
  const state = stockWith(together(model(''), short))
  const { resolve, virtualServicesFor } = registryOf(state, found(state))
  t.same(
    virtualServicesFor(HOST).map(({ name }) => name),
    ['new']
  )
  t.same(virtualServicesFor('httpbin.user1.svc.cluster.local'), [], 'other hosts')
  t.equal(resolve(HOST).service?.name, 'knative-local-gateway', 'other name of a gateway')
  t.same(
    resolve('other.user1.svc.cluster.local'),
    { host: 'other.user1.svc.cluster.local', service: undefined },
    'no such Service'
  )
  t.equal(resolve('short.user1.svc.cluster.local').service?.name, 'knative-local-gateway', 'alias of a predicted name')
  const bare = stockWith(together(withoutLocalGateway, model('')))
  t.equal(registryOf(bare, found(bare)).resolve(PREDICTOR).service?.name, 'new-predictor', 'a name of its own')
})

t.test('live objects take precedence over predicted ones', async t => {
  const live = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: new, namespace: user1 }
spec: { hosts: [a.example.com] }
---
apiVersion: v1
kind: Service
metadata: { name: new, namespace: user1 }
spec: { type: ExternalName, externalName: activator-service.knative-serving.svc.cluster.local }
`
  const state = stockWith(together(model(''), live))
  const { resolve, virtualServicesFor } = registryOf(state, found(state))
  t.same(virtualServicesFor(HOST), [])
  t.same(
    virtualServicesFor('a.example.com').map(({ name }) => name),
    ['new']
  )
  t.not(resolve(HOST).service?.name, 'knative-local-gateway')
})
