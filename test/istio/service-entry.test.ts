import t from 'tap'
import { findServiceEntry } from '../../src/istio/service-entry.ts'
import { configMap } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const HOST = 'sklearn-iris.user1.svc.cluster.local'
const entry = (hosts: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { namespace: user2, name: external }
spec: { hosts: [${hosts}], ${more} }
`
const PRIVATE = configMap('istio-system', 'istio', { mesh: 'defaultServiceExportTo: ["."]' })

t.test('a ServiceEntry gives proxies another Service of its hosts', async t => {
  for (const [name, yaml, namespace, isFound] of [
    ['exact host', entry(HOST), 'user1', true],
    ['host in capitals', entry(HOST.toUpperCase()), 'user1', true],
    ['wildcard', entry('"*.user1.svc.cluster.local"'), 'user1', true],
    ['another host', entry('example.com'), 'user1', false],
    ['exported to its own namespace', entry(HOST, 'exportTo: ["."]'), 'user1', false],
    ['exported to its own namespace, proxy there', entry(HOST, 'exportTo: ["."]'), 'user2', true],
    ['exported by name', entry(HOST, 'exportTo: [user1]'), 'user1', true],
    ['private by default', `${entry(HOST)}---${PRIVATE}`, 'user1', false]
  ] as const) {
    t.equal(findServiceEntry(stockWith(yaml), HOST, namespace) !== undefined, isFound, name)
  }
})
