import t from 'tap'
import { dedupeEndpoints, dedupePods } from '../../src/kubernetes/dedupe-endpoints.ts'
import { workload } from '../support/workload.ts'

t.test('pods with equal routing-relevant fields are deduplicated', async t => {
  const first = workload({ name: 'a-1', labels: { app: 'a' }, address: '10.0.0.1' })
  const second = { ...first, name: 'a-2', address: '10.0.0.2' }
  const other = { ...first, name: 'b-1', labels: { app: 'b' } }
  t.same(dedupePods([]), [])
  t.same(dedupePods([first]), [first], 'one pod keeps its address')
  t.match(
    dedupePods([first, second]),
    [{ labels: { app: 'a' }, address: undefined }],
    'deduplicated pods have no address'
  )
  t.equal(dedupePods([first, second]).length, 1)
  t.same(dedupePods([first, other]), [first, other])
  for (const more of [
    { namespace: 'user2' },
    { serviceAccount: 'other' },
    { proxy: 'none' as const },
    { excludedInboundPorts: [8012] },
    { revision: 'canary' }
  ]) {
    t.equal(dedupePods([first, { ...second, ...more }]).length, 2, JSON.stringify(more))
  }
  const endpoints = dedupeEndpoints([
    { workload: first, port: 80 },
    { workload: first, port: 81 }
  ])
  t.equal(endpoints.length, 2, 'endpoints with different ports are kept')
})
