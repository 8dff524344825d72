import t from 'tap'
import { toFixManifests, toFixNotices } from '../../src/report/fix.ts'

const ref = { apiVersion: 'v1', kind: 'Service', namespace: 'a', name: 'b' }
const removed = { ref, resource: undefined, object: undefined, written: undefined, deleting: true, reasons: [] }

t.test('a manifest that is removed needs no deletion if its object does not exist', async t => {
  const step = { ...removed, result: undefined }
  t.same(toFixNotices([step]), ['removed: Service a/b'])
  t.equal(toFixManifests([step]), '# removed: Service a/b')
})
