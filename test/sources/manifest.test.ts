import t from 'tap'
import { readRef, readResource, toField } from '../../src/sources/manifest.ts'

const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }

t.test('an object is cut down to what is read', async t => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      namespace: 'n',
      managedFields: [{}],
      ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'o' }]
    },
    spec: {
      containers: [
        { name: 'c', args: ['secret'], env: [{}] },
        { name: 'istio-proxy', args: ['proxy'] }
      ]
    }
  }
  t.match(readResource(pod), {
    namespace: 'n',
    owner: undefined,
    deleting: false,
    spec: {
      containers: [
        { name: 'c', args: [] },
        { name: 'istio-proxy', args: ['proxy'] }
      ]
    }
  })
  t.notOk(JSON.stringify(readResource(pod)).includes('managedFields'))
})

t.test('absent and null are the same', async t => {
  t.match(readResource({ ...base, metadata: { name: 'a', labels: null, annotations: null }, data: null }), {
    labels: {},
    data: {}
  })
})

t.test('the group tells which kind is meant', async t => {
  t.equal(readResource({ ...base, apiVersion: 'serving.knative.dev/v1', kind: 'Service' }), undefined)
  t.equal(readResource({ ...base, kind: 'constructor' }), undefined)
  t.match(readResource({ ...base, kind: 'Service' }), { kind: 'Service', namespace: 'default' })
})

t.test('a name that is still to be made', async t => {
  t.match(readRef({ ...base, metadata: { generateName: 'a-' } }), { name: 'a-' })
  t.throws(() => readRef({ ...base, metadata: {} }), { name: 'InvalidObject', field: 'metadata.name' })
  t.throws(() => readRef(null), { field: '', message: 'invalid input: expected object, received null' })
})

t.test('fields as people write them', async t => {
  t.equal(toField(['spec', 'servers', 0, 'port']), 'spec.servers[0].port')
  t.equal(toField([]), '')
})
