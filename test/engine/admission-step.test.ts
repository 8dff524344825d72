import t from 'tap'
import { type AdmissionState, admit, keyOf } from '../../src/engine/admission-step.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { toRef } from '../../src/state/resource.ts'
import { model } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

t.test('objects of one name in several API groups are different', async t => {
  const key = (apiVersion: string, kind: string) => keyOf({ apiVersion, kind, namespace: 'user1', name: 'a' })
  t.not(key('v1', 'Service'), key('serving.knative.dev/v1', 'Service'))
  t.not(key('networking.istio.io/v1', 'Gateway'), key('gateway.networking.k8s.io/v1', 'Gateway'))
  t.equal(key('networking.istio.io/v1', 'Gateway'), key('networking.istio.io/v1beta1', 'Gateway'))
})

t.test('an object is created, updated and deleted', async t => {
  const resource = resourceOf(model(''))
  const applied = { ref: toRef(resource), resource, object: { metadata: {}, spec: { predictor: {} } } }
  const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource, cache: {} }
  const start: AdmissionState = { state: stockWith(), objects: new Map() }
  const created = admit(start, applied, { ...context, deleting: false })
  t.match(created, { change: { operation: 'CREATE' }, decision: { decision: 'allow' } })
  const updated = admit(created?.next ?? start, applied, { ...context, deleting: false })
  t.match(updated, { change: { operation: 'UPDATE' } })
  const deleted = admit(updated?.next ?? start, applied, { ...context, deleting: true })
  t.match(deleted, { change: { operation: 'DELETE' } })
  t.equal(admit(deleted?.next ?? start, applied, { ...context, deleting: true }), undefined, 'nothing to delete')
})
