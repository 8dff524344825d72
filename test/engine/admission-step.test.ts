import t from 'tap'
import { admit, keyOf } from '../../src/engine/admission-step.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { model, namespace } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

t.test('objects of one name in several API groups are different', async t => {
  const key = (apiVersion: string, kind: string) => keyOf({ apiVersion, kind, namespace: 'user1', name: 'a' })
  t.not(key('v1', 'Service'), key('serving.knative.dev/v1', 'Service'))
  t.not(key('networking.istio.io/v1', 'Gateway'), key('gateway.networking.k8s.io/v1', 'Gateway'))
  t.equal(key('networking.istio.io/v1', 'Gateway'), key('networking.istio.io/v1beta1', 'Gateway'))
})

t.test('an object is created, updated and deleted', async t => {
  const resource = resourceOf(model(''))
  const applied = { resource, object: { metadata: {}, spec: { predictor: {} } }, oldObject: undefined }
  const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource, cache: {} }
  const start = stockWith()
  const created = admit(start, applied, { ...context, deleting: false })
  t.match(created, { change: { operation: 'CREATE' }, decision: { decision: 'allow' } })
  const oldObject = created?.object
  t.same(oldObject, applied.object)
  const updated = admit(created?.next ?? start, { ...applied, oldObject }, { ...context, deleting: false })
  t.match(updated, { change: { operation: 'UPDATE' } })
  const deleted = admit(updated?.next ?? start, { ...applied, oldObject }, { ...context, deleting: true })
  t.match(deleted, { change: { operation: 'DELETE' } })
  t.equal(deleted?.object, undefined)
  t.equal(admit(deleted?.next ?? start, applied, { ...context, deleting: true }), undefined, 'nothing to delete')
})

t.test('fields that a manifest does not set are kept, lists are replaced', async t => {
  const resource = resourceOf(model(''))
  const state = stockWith(`${model('')}---${namespace('istio-injection: enabled, mesh-guard.io/policy: mesh')}`)
  const old = { metadata: { labels: { a: 'b' } }, spec: { predictor: { tolerations: ['x', 'y'], minReplicas: 1 } } }
  const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource, deleting: false, cache: {} }
  for (const [name, predictor, createsPods] of [
    ['equal list', { tolerations: ['x', 'y'] }, false],
    ['no field', {}, false],
    ['shorter list', { tolerations: ['x'] }, true],
    ['other value', { minReplicas: 2 }, true]
  ] as const) {
    const step = admit(state, { resource, object: { metadata: {}, spec: { predictor } }, oldObject: old }, context)
    t.equal((step?.patch.length ?? 0) > 0, createsPods, name)
  }
})
