import t from 'tap'
import { readHead } from '../../src/server/head.ts'

/** As encoded by the API server. */
const REVIEW = {
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: {
    uid: 'u-1',
    kind: { group: 'serving.kserve.io', version: 'v1beta1', kind: 'InferenceService' },
    resource: { group: 'serving.kserve.io', version: 'v1beta1', resource: 'inferenceservices' },
    requestKind: { group: 'serving.kserve.io', version: 'v1beta1', kind: 'InferenceService' },
    name: 'iris',
    namespace: 'user1',
    operation: 'CREATE',
    userInfo: { username: 'jane', groups: ['system:authenticated'] },
    object: { metadata: { uid: 'u-2', name: 'other', namespace: 'other' }, spec: { username: 'joe' } },
    oldObject: null
  }
}
const HEAD = {
  uid: 'u-1',
  operation: 'CREATE',
  object: { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', namespace: 'user1', name: 'iris' },
  user: 'jane'
}
const head = (review: object, space?: number) => readHead(Buffer.from(JSON.stringify(review, undefined, space)))

t.test('fields before the objects are read without parsing', async t => {
  t.same(head(REVIEW), HEAD)
  t.same(head(REVIEW, 2), HEAD, 'with spaces')
  const { request } = REVIEW
  const core = { ...request, kind: { group: '', version: 'v1', kind: 'Namespace' } }
  t.match(head({ ...REVIEW, request: core }), { object: { apiVersion: 'v1', kind: 'Namespace' } })
})

t.test('missing fields are empty', async t => {
  const nothing = { uid: '', operation: '', object: { apiVersion: '', kind: '', namespace: '', name: '' }, user: '' }
  for (const text of ['', '{', 'x'.repeat(1_000), '"uid" '.repeat(10_000)]) {
    t.same(readHead(Buffer.from(text)), nothing)
  }
})

t.test('reading takes constant time', async t => {
  for (const part of ['"uid" ', '"version":"a","kind"', '"version" : "a" , ', '"name":"\\"', '"namespace"  :  ']) {
    const body = Buffer.from(part.repeat(2 ** 23 / part.length))
    const started = performance.now()
    readHead(body)
    t.ok(performance.now() - started < 50, part)
  }
})
