import t from 'tap'
import { readRef, readResource, toField } from '../../src/sources/manifest.ts'

const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }

t.test('an object is reduced to the fields that are read', async t => {
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

t.test('null is the same as absent', async t => {
  t.match(readResource({ ...base, metadata: { name: 'a', labels: null, annotations: null }, data: null }), {
    labels: {},
    data: {}
  })
})

t.test('a kind is identified by its API group', async t => {
  t.equal(readResource({ ...base, apiVersion: 'serving.knative.dev/v1', kind: 'Service' }), undefined)
  t.equal(readResource({ ...base, kind: 'constructor' }), undefined)
  t.match(readResource({ ...base, kind: 'Service' }), { kind: 'Service', namespace: 'default' })
})

t.test('generateName is the name if there is none', async t => {
  t.match(readRef({ ...base, metadata: { generateName: 'a-' } }), { name: 'a-' })
  t.throws(() => readRef({ ...base, metadata: {} }), { name: 'InvalidObject', field: 'metadata.name' })
  t.throws(() => readRef(null), { field: '', message: 'invalid input: expected object, received null' })
})

t.test('field paths have the notation of JSONPath', async t => {
  t.equal(toField(['spec', 'servers', 0, 'port']), 'spec.servers[0].port')
  t.equal(toField([]), '')
})

t.test('objects that exceed limits of the API server are invalid', async t => {
  const long = (length: number) => 'a'.repeat(length)
  const annotated = (annotations: object) => ({ metadata: { name: 'a', annotations } })
  const labelled = (labels: object) => ({ metadata: { name: 'a', labels } })
  for (const [name, more, field] of [
    ['annotations of 256 KiB', annotated({ a: long(131_071), b: long(131_071) }), undefined],
    ['annotations one byte longer', annotated({ a: long(131_071), b: long(131_072) }), 'metadata.annotations'],
    ['annotations of two-byte characters', annotated({ a: 'ü'.repeat(131_072) }), 'metadata.annotations'],
    ['longest annotation key', annotated({ [`${long(253)}/${long(63)}`]: '' }), undefined],
    ['annotation key prefix too long', annotated({ [`${long(254)}/b`]: '' }), 'metadata.annotations'],
    ['annotation key name too long', annotated({ [`b/${long(64)}`]: '' }), 'metadata.annotations'],
    ['longest label', labelled({ [`${long(253)}/${long(63)}`]: long(63) }), undefined],
    ['label key too long', labelled({ [long(64)]: '' }), 'metadata.labels'],
    ['label value too long', labelled({ a: long(64) }), 'metadata.labels'],
    ['data of 1 MiB', { data: { a: long(524_288), b: long(524_288) } }, undefined],
    ['data one byte longer', { data: { a: long(524_288), b: long(524_289) } }, 'data']
  ] as const) {
    const read = () => readResource({ ...base, ...more })
    if (field === undefined) t.ok(read(), name)
    else t.throws(read, { name: 'InvalidObject', field, message: /longer than \d/ }, name)
  }
})
