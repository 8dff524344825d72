import t from 'tap'
import rule from '../../src/rules/route-backend-invalid.ts'
import { together } from '../support/objects.ts'
import { GATEWAY_API, httpRoute, ISTIO_CLASS, ingress, publicGateway, standardModel } from '../support/routes.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const routed = (rules: string, ...objects: readonly string[]) =>
  together(GATEWAY_API, ISTIO_CLASS, publicGateway(), standardModel, httpRoute(rules), ...objects)
const service = (name: string, namespace = 'user1') => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} }
spec: { selector: { app: x }, ports: [{ port: 80 }] }
`
const LOCATION = ['HTTPRoute user1/new spec.rules[0].backendRefs']
const AWAY = '{ backendRefs: [{ name: proxy, namespace: user2, port: 80 }] }'

testRule(t, rule, {
  'Service of the model': [routed('{ backendRefs: [{ name: new-predictor, port: 80 }] }'), []],
  'no backend': [routed('{}'), LOCATION],
  'Service that does not exist': [routed('{ backendRefs: [{ name: gone, port: 80 }] }'), LOCATION],
  'port that does not exist': [routed('{ backendRefs: [{ name: x, port: 81 }] }', service('x')), LOCATION],
  'Service of another namespace': [routed(AWAY, service('proxy', 'user2')), LOCATION],
  'Ingress with a Service that does not exist': [
    together(standardModel, ingress('/', '{ name: gone, port: { number: 80 } }')),
    ['Ingress user1/new spec.rules[0].http.paths[0].backend']
  ]
})

t.test('messages name the defect, the fix of a missing grant is the grant', async t => {
  const found = (yaml: string) => findingsOf(rule.id, yaml).map(({ message, fix }) => [message, fix.apply?.length])
  t.same(found(routed('{}')), [['HTTPRoute user1/new has no backend for the request', undefined]])
  t.same(found(routed('{ backendRefs: [{ name: gone, port: 80 }] }')), [
    ['HTTPRoute user1/new uses Service user1/gone:80, which does not exist', undefined]
  ])
  t.same(found(routed('{ backendRefs: [{ name: x, port: 81 }] }', service('x'))), [
    ['HTTPRoute user1/new uses Service user1/x:81, which has no such port', undefined]
  ])
  t.same(found(routed(AWAY)), [['HTTPRoute user1/new uses Service user2/proxy:80 without a ReferenceGrant there', 1]])
})
