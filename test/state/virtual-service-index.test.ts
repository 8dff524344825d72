import t from 'tap'
import { hostsOf, VirtualServiceIndex } from '../../src/state/virtual-service-index.ts'
import { stateOf } from '../support/snapshot.ts'

const DOMAIN = 'cluster.local'
const made = (name: string, hosts: string, day = 1) => {
  const [one] = stateOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: user1, creationTimestamp: "2026-01-0${day}T00:00:00Z" }
spec: { hosts: [${hosts}] }
`).list('VirtualService')
  if (one === undefined) throw new Error('no VirtualService')
  return one
}
const namesFor = (index: VirtualServiceIndex, host: string) => index.covering(host).map(({ name }) => name)

t.test('hosts are full names in lower case', async t => {
  t.same(hostsOf(made('a', 'b, C.example.com, "*", "*.Example.org"'), DOMAIN), [
    'b.user1.svc.cluster.local',
    'c.example.com',
    '*',
    '*.example.org'
  ])
  t.same(hostsOf(made('a', 'b, B.user1.svc.cluster.local'), DOMAIN), ['b.user1.svc.cluster.local'], 'each once')
})

t.test('the index finds VirtualServices with a host that covers another, the oldest first', async t => {
  const all = [
    made('exact', 'a.example.com', 3),
    made('older', 'a.example.com', 2),
    made('wildcard', '"*.example.com", a.example.com', 1),
    made('all', '"*"', 4),
    made('other', 'b.example.com', 1)
  ]
  const index = VirtualServiceIndex.of(all, DOMAIN)
  t.same(namesFor(index, 'a.example.com'), ['wildcard', 'older', 'exact', 'all'])
  t.same(namesFor(index, 'c.example.com'), ['wildcard', 'all'])
  t.same(namesFor(index, 'example.com'), ['all'])
  const exactOnly = VirtualServiceIndex.of(all.slice(0, 2), DOMAIN)
  t.same(namesFor(exactOnly, 'a.example.com'), ['older', 'exact'])
  t.same(namesFor(exactOnly, 'b.example.com'), [])
  const mixed = VirtualServiceIndex.of([made('exact', 'a.example.com'), made('wildcard', '"*.org"')], DOMAIN)
  t.same(namesFor(mixed, 'a.example.com'), ['exact'], 'wildcards for other hosts')
})

t.test('a change updates a copy of the index', async t => {
  const [a, b] = [made('a', 'a.example.com, "*.org"', 1), made('b', 'a.example.com', 2)]
  const index = VirtualServiceIndex.of([a, b], DOMAIN)
  const changed = made('a', 'c.example.com, "*.org"', 1)
  const updated = index.with(a, changed)
  t.same(namesFor(updated, 'a.example.com'), ['b'])
  t.same(namesFor(updated, 'c.example.com'), ['a'])
  t.same(updated.covering('x.org'), [changed])
  const deleted = updated.with(changed, undefined)
  t.same(namesFor(deleted, 'c.example.com'), [])
  t.same(namesFor(deleted, 'x.org'), [])
  const created = deleted.with(undefined, made('c', 'a.example.com, "*"', 3))
  t.same(namesFor(created, 'a.example.com'), ['b', 'c'])
  t.same(namesFor(index, 'a.example.com'), ['a', 'b'], 'the index itself is unchanged')
})
