import t from 'tap'
import { endpointsOf, findService, podsWith, targetsOf } from '../../src/kubernetes/service.ts'
import { toWorkload } from '../../src/state/workload.ts'
import { stateOf } from '../support/snapshot.ts'

const service = (name: string, spec: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: ns, name: ${name} }
spec: ${spec}
`
const pod = (name: string, more = '', status = '') => `
apiVersion: v1
kind: Pod
metadata: { namespace: ns, name: ${name}, labels: { app: a } ${more} }
spec: { containers: [{ name: c, ports: [{ name: web, containerPort: 8080 }] }] }
${status}
`

t.test('a host resolves to its Service, through ExternalName Services', async t => {
  const alias = (to: string) => `{ type: ExternalName, externalName: ${to} }`
  const state = stateOf(
    [
      service('a', '{ ports: [] }'),
      service('b', alias('a.ns.svc.cluster.local')),
      service('nowhere', '{ type: ExternalName }'),
      service('loop', alias('loop.ns.svc.cluster.local')),
      service('there', alias('back.ns.svc.cluster.local')),
      service('back', alias('there.ns.svc.cluster.local')),
      service('c', alias('b.ns.svc.cluster.local')),
      ...Array.from({ length: 8 }, (_, i) => service(`long${i + 1}`, alias(`long${i}.ns.svc.cluster.local`))),
      service('long0', alias('a.ns.svc.cluster.local')),
      service('outside', alias('example.com'))
    ].join('---')
  )
  for (const [host, found] of [
    ['a.ns.svc.cluster.local', 'a'],
    ['b.ns.svc.cluster.local', 'a'],
    ['loop.ns.svc.cluster.local', undefined],
    ['nowhere.ns.svc.cluster.local', undefined],
    ['outside.ns.svc.cluster.local', undefined],
    ['c.ns.svc.cluster.local', 'a'],
    ['there.ns.svc.cluster.local', undefined],
    ['long7.ns.svc.cluster.local', 'a'],
    ['long8.ns.svc.cluster.local', undefined],
    ['none.ns.svc.cluster.local', undefined],
    ['a.ns.svc', undefined],
    ['a', undefined]
  ] as const) {
    t.equal(findService(state, host)?.name, found, host)
  }
})

const endpointsIn = (yaml: string) => {
  const state = stateOf(yaml)
  const [found] = state.list('Service')
  const [port] = found?.spec.ports ?? []
  if (found === undefined || port === undefined) throw new Error('no service')
  return endpointsOf(state, found, port).map(({ workload, port }) => `${workload.name}:${port}`)
}

t.test('a Service resolves to pods by selector, else by EndpointSlice', async t => {
  const selecting = (port: string) => service('s', `{ selector: { app: a }, ports: [{ port: 80 ${port} }] }`)
  const slice = (endpoint: string, port = '{ port: 8080 }') => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { namespace: ns, name: s-1, labels: { kubernetes.io/service-name: s } }
endpoints: [${endpoint}]
ports: [${port}]
`
  const withoutSelector = service('s', '{ ports: [{ port: 80 }] }')
  const running = pod('p', '', 'status: { podIP: 10.0.0.1 }')
  for (const [name, yaml, endpoints] of [
    ['no targetPort', `${selecting('')}---${pod('p')}`, ['p:80']],
    ['numeric targetPort', `${selecting(', targetPort: 8080')}---${pod('p')}`, ['p:8080']],
    ['named targetPort', `${selecting(', targetPort: web')}---${pod('p')}`, ['p:8080']],
    ['unknown named targetPort', `${selecting(', targetPort: nope')}---${pod('p')}`, []],
    ['completed pod', `${selecting('')}---${pod('p', '', 'status: { phase: Failed }')}`, []],
    ['terminating pod', `${selecting('')}---${pod('p', ', deletionTimestamp: "2026-01-01T00:00:00Z"')}`, []],
    ['no selector and no EndpointSlice', `${withoutSelector}---${running}`, []],
    [
      'EndpointSlice with a targetRef',
      `${withoutSelector}---${running}---${slice('{ addresses: [10.9.9.9], targetRef: { kind: Pod, name: p } }')}`,
      ['p:8080']
    ],
    [
      'EndpointSlice with an unknown address and an unnamed targetRef',
      `${withoutSelector}---${running}---${slice('{ addresses: [10.9.9.9], targetRef: { kind: Pod } }')}`,
      []
    ],
    [
      'EndpointSlice with the address of a pod',
      `${withoutSelector}---${running}---${slice('{ addresses: [10.0.0.1] }')}`,
      ['p:8080']
    ],
    [
      'EndpointSlice with the addresses of several pods: the first of them',
      `${withoutSelector}---${pod('q', '', 'status: { podIP: 10.0.0.2 }')}---${running}---${slice('{ addresses: [10.9.9.9, 10.0.0.2, 10.0.0.1] }')}`,
      ['p:8080']
    ],
    [
      'EndpointSlice for another port',
      `${withoutSelector}---${running}---${slice('{ addresses: [10.0.0.1] }', '{ name: other, port: 1 }')}`,
      []
    ]
  ] as const) {
    t.same(endpointsIn(yaml), endpoints, name)
  }
})

t.test('labels select pods that are not completed', async t => {
  const state = stateOf([pod('one'), pod('two', '', 'status: { phase: Failed }')].join('---'))
  for (const [labels, names] of [
    [{ app: 'a' }, ['one']],
    [{ app: 'a', tier: 'x' }, []],
    [{ app: 'b' }, []],
    [{}, []]
  ] as const) {
    t.same(
      podsWith(state, 'ns', labels).map(({ name }) => name),
      names,
      JSON.stringify(labels)
    )
  }
})

t.test('Services that target a pod are sorted by creationTimestamp', async t => {
  const created = (time: string) => `, creationTimestamp: "${time}"`
  const state = stateOf(
    [
      pod('p'),
      service('young', '{ selector: { app: a }, ports: [{ port: 1 }] }').replace(
        'young',
        `young ${created('2026-02-01T00:00:00Z')}`
      ),
      service('old', '{ selector: { app: a }, ports: [{ port: 2, targetPort: nope }, { port: 3 }] }').replace(
        'old',
        `old ${created('2026-01-01T00:00:00Z')}`
      ),
      service('all', '{ ports: [{ port: 4 }] }'),
      service('other', '{ selector: { app: b }, ports: [{ port: 5 }] }')
    ].join('---')
  )
  const found = state.get('Pod', 'ns', 'p')
  if (found === undefined) throw new Error('no pod')
  t.same(
    targetsOf(state, toWorkload(found)).map(({ service, target }) => `${service.name}:${target}`),
    ['old:3', 'young:1']
  )
})
