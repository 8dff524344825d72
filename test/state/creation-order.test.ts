import t from 'tap'
import { sortByCreationTime } from '../../src/state/creation-order.ts'
import { resourcesOf } from '../support/snapshot.ts'

const service = (namespace: string, name: string, created?: string) => `
apiVersion: v1
kind: Service
metadata: { namespace: ${namespace}, name: ${name} ${created ? `, creationTimestamp: "${created}"` : ''} }
`

t.test('objects are sorted by creationTimestamp, name and namespace; objects being created come last', async t => {
  const list = resourcesOf(
    [
      service('b', 'new'),
      service('b', 'same', '2026-01-02T00:00:00Z'),
      service('a', 'same', '2026-01-02T00:00:00Z'),
      service('b', 'other', '2026-01-02T00:00:00Z'),
      service('b', 'old', '2026-01-01T00:00:00Z')
    ].join('---')
  )
  const sorted = sortByCreationTime(list)
  t.same(
    sorted.map(({ namespace, name }) => `${namespace}/${name}`),
    ['b/old', 'b/other', 'a/same', 'b/same', 'b/new']
  )
  t.equal(sortByCreationTime(list), sorted, 'the sorted list is memoized')
})
