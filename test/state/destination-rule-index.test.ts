import t from 'tap'
import { namespaceOfHost } from '../../src/state/destination-rule-index.ts'

t.test('a host names the namespace of its Service', async t => {
  for (const [host, expected] of [
    ['a.user1.svc.cluster.local', 'user1'],
    ['*.user1.svc.cluster.local', 'user1'],
    ['*.svc.cluster.local', undefined],
    ['.svc.cluster.local', undefined],
    ['a.b.user1.svc.cluster.local', undefined],
    ['a.user1.svc.example.com', undefined],
    ['a', undefined],
    ['', undefined]
  ] as const) {
    t.equal(namespaceOfHost(host, 'cluster.local'), expected, host)
  }
})
