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

t.test('what is too long for the API server is not read', async t => {
  const long = (length: number) => 'a'.repeat(length)
  const annotated = (annotations: object) => ({ metadata: { name: 'a', annotations } })
  const labelled = (labels: object) => ({ metadata: { name: 'a', labels } })
  for (const [name, more, field] of [
    ['annotations of 256 KiB', annotated({ a: long(131_071), b: long(131_071) }), undefined],
    ['one byte more', annotated({ a: long(131_071), b: long(131_072) }), 'metadata.annotations'],
    ['letters of two bytes', annotated({ a: 'ü'.repeat(131_072) }), 'metadata.annotations'],
    ['the longest key of an annotation', annotated({ [`${long(253)}/${long(63)}`]: '' }), undefined],
    ['its prefix is longer', annotated({ [`${long(254)}/b`]: '' }), 'metadata.annotations'],
    ['its name is longer', annotated({ [`b/${long(64)}`]: '' }), 'metadata.annotations'],
    ['the longest label', labelled({ [`${long(253)}/${long(63)}`]: long(63) }), undefined],
    ['its key is longer', labelled({ [long(64)]: '' }), 'metadata.labels'],
    ['its value is longer', labelled({ a: long(64) }), 'metadata.labels'],
    ['data of 1 MiB', { data: { a: long(524_288), b: long(524_288) } }, undefined],
    ['one byte more of data', { data: { a: long(524_288), b: long(524_289) } }, 'data']
  ] as const) {
    const read = () => readResource({ ...base, ...more })
    if (field === undefined) t.ok(read(), name)
    else t.throws(read, { name: 'InvalidObject', field, message: /longer than \d/ }, name)
  }
})
