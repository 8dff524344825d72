import t from 'tap'
import { readManifests } from '../../src/sources/yaml.ts'
import { measure } from '../support/hostile-play.ts'

t.test('documents, lists and unread kinds are parsed', async t => {
  const text = `# a comment
apiVersion: v1
kind: Namespace
metadata: { name: a }
---
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: { name: s, namespace: a }
    spec:
      ports:
        - port: 80
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: d }
`
  const { manifests, errors } = readManifests(text, 'f.yaml')
  t.same(errors, [])
  t.match(manifests, [
    { ref: { kind: 'Namespace', namespace: '', name: 'a' }, source: { file: 'f.yaml', line: 2 } },
    { ref: { kind: 'Service', namespace: 'a', name: 's' }, source: { line: 10 } },
    { ref: { kind: 'Deployment', namespace: 'default', name: 'd' }, resource: undefined, source: { line: 16 } }
  ])
  const lineOf = manifests[1]?.lineOf
  t.equal(lineOf?.('spec.ports[0].port'), 15)
  t.equal(lineOf?.('spec.ports[7].port'), 15, 'nearest parent of a missing field')
  t.equal(lineOf?.('metadata.annotations[a.b/c]'), 12)
})

t.test('JSON is parsed', async t => {
  t.match(readManifests('{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}', 'f.json').manifests, [
    { ref: { name: 'a' } }
  ])
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } }]
  }
  const [service] = readManifests(`\n${JSON.stringify(list, undefined, 2)}`, 'f.json').manifests
  t.same(JSON.stringify(service?.source), '{"file":"f.json","line":6}')
  t.equal(service?.lineOf('metadata.name'), 10)
  t.same(readManifests('{"apiVersion":"v1","kind":"Service",\n"metadata":{"name":1}}', 'f.json').errors, [
    'f.json:2: metadata.name: invalid input: expected string, received number'
  ])
  t.same(readManifests('', 'empty.yaml'), { manifests: [], errors: [] })
})

t.test('errors have file, line and field, and other objects are read', async t => {
  const text = `apiVersion: v1
kind: Service
metadata: { name: s }
spec:
  ports:
    - port: http
---
a: [
---
apiVersion: v1
kind: Namespace
metadata: { name: fine }
---
kind: Namespace
---
apiVersion: v1
kind: Namespace
metadata: {}
---
just text
`
  const { manifests, errors } = readManifests(text, 'f.yaml')
  t.match(manifests, [{ ref: { name: 'fine' } }])
  t.match(errors, [
    /^f.yaml:6: Service default\/s: spec.ports\[0\].port: invalid input: expected number, received string$/,
    /^f.yaml:9: Flow sequence/,
    /^f.yaml:14: apiVersion: invalid input: expected string, received undefined$/,
    /^f.yaml:18: metadata.name: is missing$/,
    /^f.yaml:20: invalid input: expected object, received string$/
  ])
})

t.test('inherited property names are ordinary keys', async t => {
  const text = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: a, labels: { __proto__: x, constructor: y } }'
  const [manifest] = readManifests(text, 'f.yaml').manifests
  t.equal(manifest?.resource?.labels['constructor'], 'y')
  t.equal(Object.getPrototypeOf(manifest?.resource?.labels), Object.prototype)
})

t.test('documents that take too much time or memory are errors', async t => {
  const head = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n'
  const laughs = 'abcdefgh'.replace(/./g, (name, i) =>
    i === 0 ? 'a: &a [x]\n' : `${name}: &${name} [${'*'.concat('abcdefgh'[i - 1] ?? '', ',').repeat(10)}]\n`
  )
  for (const [text, error] of [
    [`${head}spec:\n  a: ${'['.repeat(200)}`, 'f.yaml:5: YAML nested more than 100 deep'],
    ['? '.repeat(100_000), 'f.yaml:1: YAML nested more than 100 deep'],
    [head + laughs, /^f.yaml:\d+: Excessive alias count/],
    [`${head}spec: { a: 1,\n b: 2, a: 3 }`, 'f.yaml:5: Map keys must be unique']
  ] as const) {
    const { manifests, errors } = readManifests(text, 'f.yaml')
    t.same(manifests, [])
    t.match(errors, [error])
    t.equal(errors.length, 1)
  }
  const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: v`).join()
  const { ms } = await measure(async () => readManifests(`${head}data: {${keys.replaceAll(',', ', ')}}`, 'f.yaml'))
  t.ok(ms < 2_000, `${Math.round(ms)} ms`)
})
