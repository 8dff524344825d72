import t from 'tap'
import { Snapshot } from '../../src/state/snapshot.ts'
import { resourceOf, resourcesOf, stateOf } from '../support/snapshot.ts'

const service = (namespace: string, name: string, port = 80) => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} }
spec: { ports: [{ port: ${port} }] }
`
const a = resourceOf(service('x', 'a'))
const b = resourceOf(service('y', 'b'))
const names = (state: Snapshot, namespace?: string) => state.list('Service', namespace).map(({ name }) => name)

t.test('lists are sorted, and shared between snapshots until they change', async t => {
  const state = Snapshot.of([b, a])
  t.same(names(state), ['a', 'b'])
  t.same(names(state, 'y'), ['b'])
  t.same(names(state, 'z'), [])
  t.same(state.list('Gateway'), [])
  const changed = resourceOf(service('y', 'b', 81))
  const after = state.apply({ operation: 'UPDATE', before: b, after: changed })
  t.equal(after.list('Service', 'x'), state.list('Service', 'x'), 'list of another namespace is shared')
  t.not(after.list('Service', 'y'), state.list('Service', 'y'))
  t.equal(state.get('Service', 'y', 'b'), b, 'the previous snapshot is unchanged')
  t.equal(after.get('Service', 'y', 'b'), changed)
})

t.test('the later of two objects with one name takes precedence', async t => {
  const other = resourceOf(service('x', 'a', 81))
  t.equal(Snapshot.of([a, other]).get('Service', 'x', 'a'), other)
})

t.test('a change creates or deletes an object', async t => {
  const state = stateOf(service('x', 'a'))
  t.same(names(state.apply({ operation: 'CREATE', after: b })), ['a', 'b'])
  t.same(names(state.apply({ operation: 'DELETE', before: a })), [])
  t.same(names(Snapshot.of([]).apply({ operation: 'CREATE', after: a })), ['a'], 'first object of its kind')
})

t.test('the snapshot before a change has the previous object', async t => {
  t.same(names(stateOf(service('x', 'a')).before({ operation: 'CREATE', after: a })), [], 'already in the state')
  t.same(names(Snapshot.of([]).before({ operation: 'DELETE', before: a })), ['a'], 'not in the state')
})

t.test('withAll replaces all objects of a kind, or those of one name', async t => {
  const state = Snapshot.of([a, b])
  t.same(names(state.withAll('Service', [])), [])
  t.same(names(state.withAll('Service', [], 'a')), ['b'])
})

t.test('a snapshot lists unreadable kinds', async t => {
  const unreadable = new Map([['Service', 'forbidden'] as const])
  t.equal(Snapshot.of([a]).withUnreadable(unreadable).unreadable.get('Service'), 'forbidden')
})

t.test('VirtualServices are found by host after all are replaced', async t => {
  const route = (host: string) =>
    resourcesOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: a, name: route }
spec: { hosts: [${host}] }
`)
  const state = Snapshot.of(route('old.example.com'))
  const found = (one: Snapshot, host: string) => one.virtualServicesFor(host).length
  t.equal(found(state, 'old.example.com'), 1)
  const replaced = state.withAll('VirtualService', route('new.example.com'))
  t.equal(found(replaced, 'old.example.com'), 0)
  t.equal(found(replaced, 'new.example.com'), 1)
  t.equal(found(state.withAll('Service', []), 'old.example.com'), 1, 'another kind')
})
