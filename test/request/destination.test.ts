import t from 'tap'
import type { Service } from '../../src/kubernetes/service.ts'
import { destinationOf, destinationOfRoute, subsetOf } from '../../src/request/destination.ts'
import { together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { request, workload } from '../support/workload.ts'

const HOST = 'a.user1.svc.cluster.local'
const service = (ports: string) => `
apiVersion: v1
kind: Service
metadata: { name: a, namespace: user1 }
spec: { selector: { app: a }, ports: [${ports}] }
`
const pod = (version: string) => `
apiVersion: v1
kind: Pod
metadata: { name: a-${version}, namespace: user1, labels: { app: a, version: ${version} } }
spec: { containers: [] }
`
const rule = (namespace: string, subsets: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a, namespace: ${namespace} }
spec: { host: ${HOST}, ${more} subsets: [${subsets}] }
`

t.test('without a port, a route leads to the only port of the Service, else to that of the listener', async t => {
  const portOf = (ports: string, port?: number, host = HOST) => {
    const state = stateOf(service(ports))
    const target = { host: HOST, port, listenerPort: 8080, subset: undefined, call: request({ host }) }
    const destination = destinationOfRoute(state, state.get('Service', 'user1', 'a') as Service, target)
    return [destination.port, destination.authority]
  }
  t.same(portOf('{ port: 80 }, { port: 81 }', 81), [81, undefined], 'port of the route')
  t.same(portOf('{ port: 81 }'), [81, undefined], 'only port')
  t.same(portOf('{ port: 80 }, { port: 81 }'), [8080, undefined], 'port of the listener')
  t.same(portOf(''), [8080, undefined], 'no ports')
  t.same(portOf('{ port: 81 }', 81, 'b'), [81, 'b'], 'another host in the request')
})

t.test('a subset has the endpoints that its labels select', async t => {
  const clients = [workload({ namespace: 'user1' }), workload({ namespace: 'user2' })]
  const podsOf = (rules: string, subset = 'v1', at = clients) => {
    const state = stateOf(together(service('{ port: 80 }'), pod('v1'), pod('v2'), rules))
    const whole = destinationOf(state, HOST, 80, undefined)
    const part = subsetOf(state, at, whole, subset)
    t.equal(part, subsetOf(state, at, whole, subset), 'one object')
    return part?.endpoints.map(({ workload: { name } }) => name)
  }
  for (const [name, rules, expected] of [
    ['labels', rule('user1', '{ name: v1, labels: { version: v1 } }'), ['a-v1']],
    ['no labels', rule('user1', '{ name: v1 }'), ['a-v1', 'a-v2']],
    ['labels of no pod', rule('user1', '{ name: v1, labels: { version: v3 } }'), undefined],
    ['another subset', rule('user1', '{ name: v2, labels: { version: v2 } }'), undefined],
    ['no subset for one of the clients', rule('user1', '{ name: v1 }', 'exportTo: [.],'), undefined],
    [
      'no subset for the first client',
      together(rule('user1', '', 'exportTo: [.],'), rule('user2', '{ name: v1 }')),
      undefined
    ]
  ] as const) {
    t.same(podsOf(rules), expected, name)
  }
  t.equal(podsOf(rule('user1', '{ name: v1 }'), 'v1', []), undefined, 'no clients')
})
