import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { parse } from 'yaml'
import { changedPaths, mergeFix } from '../../src/engine/merge-fix.ts'
import type { Manifest } from '../../src/rules/lib/rule.ts'
import { updatedManifest } from '../../src/rules/lib/updated-manifest.ts'
import { readFiles } from '../../src/sources/files.ts'
import { KINDS, LAST_APPLIED, type LosslessKind, type Resource, type ResourceOf } from '../../src/state/resource.ts'

const isLossless = (resource: Resource): resource is ResourceOf<LosslessKind> => 'lossless' in KINDS[resource.kind]

t.test('a fix that changes nothing leaves each manifest as it is written', async t => {
  const root = join(import.meta.dirname, '../..')
  const folders = [
    'examples/cluster',
    'examples/published',
    'test/scenarios/base.yaml',
    'test/distributions/kubeflow/cluster.yaml',
    'test/distributions/open-data-hub/cluster.yaml'
  ]
  for (const { resource, object } of readFiles(folders.map(name => join(root, name)))) {
    if (resource === undefined || !isLossless(resource)) continue
    const { spec, data } = resource as { readonly spec?: object; readonly data?: object }
    const merged = mergeFix(object, updatedManifest(resource, { spec, data }), object)
    t.ok(isDeepStrictEqual(merged, object), `${resource.kind} ${resource.namespace}/${resource.name}`)
  }
})

const merge = (written: string, fix: string, base = written) =>
  mergeFix(parse(written), parse(fix) as Manifest, parse(base))

t.test('fields that a fix changes', async t => {
  for (const [name, written, fix, base, expected] of [
    ['set', '{ spec: { a: 1, b: 2 } }', '{ spec: { a: 3, b: 2, c: 4 } }', undefined, '{ spec: { a: 3, b: 2, c: 4 } }'],
    [
      'deleted',
      '{ spec: { a: 1, b: { c: 2, d: 3 } } }',
      '{ spec: { b: { c: 2 } } }',
      undefined,
      '{ spec: { b: { c: 2 } } }'
    ],
    ['lists are replaced', '{ spec: [1] }', '{ spec: [1, 2] }', undefined, '{ spec: [1, 2] }'],
    [
      'empty fields stay',
      '{ spec: { a: [], b: null, c: 1 } }',
      '{ spec: { c: 2 } }',
      undefined,
      '{ spec: { a: [], b: null, c: 2 } }'
    ],
    [
      'unread fields stay',
      '{ status: 1, spec: { a: 1 } }',
      '{ spec: { a: 2 } }',
      undefined,
      '{ status: 1, spec: { a: 2 } }'
    ],
    [
      'not derived from the manifest',
      '{ spec: { a: 1, b: 1 } }',
      '{ spec: { a: 2, c: 3 } }',
      '{ spec: { a: 2, c: 2 } }',
      '{ spec: { a: 1, b: 1, c: 3 } }'
    ],
    ['not derived from any object', '{ spec: { a: 1, b: 1 } }', '{ spec: { a: 2 } }', '{}', '{ spec: { a: 2, b: 1 } }'],
    ['other types', '{ spec: 1 }', '{ spec: { a: 2 } }', undefined, '{ spec: { a: 2 } }']
  ] as const) {
    const { metadata, ...merged } = merge(written, fix, base)
    t.same(merged, parse(expected), name)
    t.same(metadata, {}, name)
  }
})

t.test('of the metadata only labels and annotations change', async t => {
  const written = `{ apiVersion: b/v1, metadata: { name: a, finalizers: [x], labels: { a: "1", b: "2" }, annotations: { "${LAST_APPLIED}": x } } }`
  t.same(
    merge(written, '{ apiVersion: b/v2, metadata: { name: a, namespace: b, labels: { b: "2", c: "3" } } }'),
    parse(written.replace('a: "1", b: "2"', 'b: "2", c: "3"'))
  )
})

t.test('changed paths', async t => {
  t.same(
    changedPaths(
      { metadata: { labels: { 'a/b': '1' } }, spec: { a: [1], b: { c: 1, d: 1 }, e: 1 } },
      { metadata: { labels: { 'a/b': '2' } }, spec: { a: [2], b: { c: 2, d: 1 } } }
    ),
    ['metadata.labels[a/b]', 'spec.a', 'spec.b.c', 'spec.e']
  )
})
