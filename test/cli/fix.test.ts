import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { fixResultSchema } from '../../src/report/fix.ts'
import { meshGuard } from '../support/command.ts'
import { allow, clientRule } from '../support/objects.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = ['--against', join(examples, 'cluster')]
const STRICT = readFileSync(join(examples, 'strict-mesh.yaml'), 'utf8')
const GATEWAY = `# The local gateway.
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { namespace: knative-serving, name: knative-local-gateway } # of Knative
spec:
  selector: { istio: ingressgateway }
  servers:
    - hosts: ["*"] # any
      port: { name: http, number: 8081, protocol: HTTP }
`
/** Denied, without a proven fix. */
const NOTHING = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: none }
spec: { action: DENY, rules: [{}] }
`
/** Has no effect. */
const SELECTS_NONE = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: none }
spec: { selector: { matchLabels: { serving.knative.dev/service: missing } }, action: DENY, rules: [{}] }
`
const OTHER = 'apiVersion: batch/v1\nkind: Job\nmetadata: { name: a }\n'
const join3 = (...texts: readonly string[]) => texts.join('---\n')

t.test('text output has what changes and why, and what stays denied', async t => {
  const folder = t.testdir({ 'change.yaml': join3(STRICT, OTHER, NOTHING), 'allow.yaml': allow('{ namespaces: [x] }') })
  const { code, out, err } = await meshGuard('fix', folder, ...CLUSTER)
  t.equal(code, 1)
  t.equal(err, 'skipped: 1 of 4 objects, of kinds that are not evaluated: Job\n')
  const lines = out.replaceAll(`${folder}/`, '').split('\n')
  t.match(
    lines.filter(line => !line.startsWith('    ')),
    [
      'ADD    PeerAuthentication user1/default',
      /^ {2}policy-denies-request-path: AuthorizationPolicy user1\/policy denies /,
      'CHANGE allow.yaml:2: AuthorizationPolicy user1/policy',
      '  changes spec.rules',
      '  policy-denies-request-path: as above',
      'ADD    Gateway knative-serving/knative-local-gateway',
      /^ {2}strict-mesh-plain-local-gateway: /,
      'DENY   change.yaml:15: AuthorizationPolicy user1/none',
      /^ {2}policy-denies-request-path: /,
      '4 manifests: 1 changed, 0 moved, 2 added, 0 to delete, 1 denied',
      ''
    ]
  )
  t.match(lines, [/./, /./, /^ {4}fix: Allow the gateway/], 'the fix')
})

t.test('JSON output matches the schema', async t => {
  const folder = t.testdir({ 'change.yaml': join3(STRICT, OTHER, GATEWAY, NOTHING) })
  const { out } = await meshGuard('fix', folder, ...CLUSTER, '-o', 'json')
  const result = fixResultSchema.parse(JSON.parse(out))
  t.match(result, {
    outcome: 'denied',
    documents: [
      { action: 'move', changed: ['spec.servers'], fixes: [{ rule: 'strict-mesh-plain-local-gateway' }], denied: [] },
      { action: 'keep', decision: 'allow', source: { line: 2 } },
      { action: 'skip', decision: undefined, object: { kind: 'Job' } },
      { action: 'keep', decision: 'deny', denied: [{ rule: 'policy-denies-request-path' }] }
    ]
  })
  const admitted = await meshGuard('fix', join(examples, 'strict-mesh.yaml'), ...CLUSTER, '-o', 'yaml')
  t.match(parse(admitted.out), { kind: 'Fix', outcome: 'admitted' })
})

t.test('manifests are in order, and denied ones are omitted', async t => {
  const folder = t.testdir({ 'change.yaml': join3(STRICT, NOTHING) })
  const { code, out, err } = await meshGuard('fix', folder, ...CLUSTER, '-o', 'manifests')
  t.equal(code, 1)
  t.match(err, /^omitted because it is denied: AuthorizationPolicy user1\/none: policy-denies-request-path\n$/)
  t.match(out, '\n---\n# omitted because it is denied: AuthorizationPolicy user1/none')
  const kinds = parseAllDocuments(out).flatMap(one => one.toJS()?.kind ?? [])
  t.same(kinds, ['Gateway', 'PeerAuthentication'])
  const corrected = join(t.testdir({ 'corrected.yaml': out }), 'corrected.yaml')
  t.equal((await meshGuard('check', corrected, ...CLUSTER)).code, 0, 'they are admitted')
})

t.test('files are edited in place', async t => {
  const both = GATEWAY.replace(
    '- hosts: ["*"] # any',
    `- hosts:
        - "*.svc.cluster.local"
      port:
        name: https-mesh
        number: 8081
        protocol: HTTPS
      tls:
        mode: ISTIO_MUTUAL
    - hosts: ["*"] # any`
  )
  const [client, unrelated] = [
    clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }').trimStart(),
    clientRule('a.example.com', '{}', 'user1').trimStart()
  ]
  for (const [name, before, after] of [
    ['nothing to change', { 'a.yaml': unrelated }, { 'a.yaml': unrelated }],
    ['an earlier document', { 'a.yaml': join3(GATEWAY, STRICT) }, { 'a.yaml': join3(both, STRICT) }],
    ['an earlier file', { 'a.yaml': GATEWAY, 'b.yaml': STRICT }, { 'a.yaml': both, 'b.yaml': STRICT }],
    ['a later document', { 'a.yaml': join3(STRICT, unrelated, GATEWAY) }, { 'a.yaml': join3(both, STRICT, unrelated) }],
    [
      'line endings',
      { 'a.yaml': join3(GATEWAY, STRICT).replaceAll('\n', '\r\n') },
      { 'a.yaml': join3(both, STRICT).replaceAll('\n', '\r\n') }
    ],
    ['several changes', { 'a.yaml': join3(GATEWAY, client), 'b.yaml': STRICT }, { 'a.yaml': join3(both, client) }]
  ] as const) {
    const folder = t.testdir(before)
    const result = await meshGuard('fix', folder, ...CLUSTER, '--write')
    t.equal(result.code, 0, name)
    const read = () => Object.keys(after).map(file => readFileSync(join(folder, file), 'utf8'))
    t.same(read(), Object.values(after), name)
    t.equal(result.err, name === 'nothing to change' ? '' : `${join(folder, 'a.yaml')}: corrected\n`, name)
    t.equal((await meshGuard('check', folder, ...CLUSTER)).code, 0, `${name}: is admitted`)
    t.equal((await meshGuard('fix', folder, ...CLUSTER, '--write')).err, '', `${name}: a second run changes nothing`)
    t.same(read(), Object.values(after), name)
  }
})

t.test('a manifest of a later file moves to the file of the change', async t => {
  const folder = t.testdir({ 'a.yaml': STRICT, 'b.json': JSON.stringify(parse(GATEWAY)) })
  t.equal((await meshGuard('fix', folder, ...CLUSTER, '--write')).code, 0)
  t.match(readFileSync(join(folder, 'a.yaml'), 'utf8'), /^apiVersion: networking.*\n---\n# Mesh-wide STRICT mTLS/s)
  t.equal(readFileSync(join(folder, 'b.json'), 'utf8'), '{"apiVersion":"v1","kind":"List","items":[]}')
  t.equal((await meshGuard('check', folder, ...CLUSTER)).code, 0)
})

t.test('a manifest whose object a fix deletes is removed', async t => {
  const route = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: user1, name: diverting }
spec:
  hosts: [sklearn-iris.user1.svc.cluster.local]
  gateways: [mesh]
  http: [{ route: [{ destination: { host: httpbin.user1.svc.cluster.local } }] }]
`
  const harmless = route.replace('sklearn-iris.user1.svc.cluster.local', 'a.example.com')
  const folder = t.testdir({
    cluster: { 'route.yaml': harmless },
    'change.yaml': join3(route, STRICT),
    'twice.yaml': join3(harmless, route)
  })
  const [cluster, file] = [join(folder, 'cluster'), join(folder, 'change.yaml')]
  cpSync(join(examples, 'cluster'), cluster, { recursive: true })
  const { out } = await meshGuard('fix', file, '--against', cluster)
  t.match(out, /^DELETE .*change.yaml:1: VirtualService user1\/diverting\n {2}virtualservice-diverts-model: /)
  t.match(await meshGuard('fix', file, '--against', cluster, '-o', 'manifests'), {
    err: 'delete before applying what follows: VirtualService user1/diverting\n',
    out: /^# delete before applying what follows: VirtualService user1\/diverting\n---\napiVersion: networking/
  })
  await meshGuard('fix', file, '--against', cluster, '--write')
  t.match(readFileSync(file, 'utf8'), /^apiVersion: networking.*\nkind: Gateway\n.*---\n# Mesh-wide STRICT mTLS/s)

  const twice = await meshGuard('fix', join(folder, 'twice.yaml'), ...CLUSTER, '-o', 'manifests')
  t.same(twice, {
    code: 0,
    err: 'delete before applying what follows: VirtualService user1/diverting\n',
    out: twice.out
  })
})

t.test('invalid usage', async t => {
  for (const [argv, message] of [
    [['fix', ...CLUSTER], /^error: PATH: missing argument; use a file, a directory, or - for standard input\n$/],
    [
      ['fix', '-', '--write', ...CLUSTER],
      /^error: --write: standard input cannot be edited; use a file or a directory\n$/
    ]
  ] as const) {
    t.match(await meshGuard(...argv), { code: 2, err: message })
  }
})

t.test('a file that is named twice is read once', async t => {
  const file = join(t.testdir({ 'a.yaml': STRICT }), 'a.yaml')
  const { out } = await meshGuard('fix', file, '-f', join(file, '../a.yaml'), ...CLUSTER)
  t.match(out, /1 manifest: .* 1 added/)
})

t.test('--fail-on decides the exit code', async t => {
  const folder = t.testdir({
    'denied.yaml': NOTHING,
    'warns.yaml': SELECTS_NONE
  })
  const warns = join(folder, 'warns.yaml')
  t.match((await meshGuard('check', warns, ...CLUSTER)).out, /^WARN /)
  for (const [file, failOn, code] of [
    [join(folder, 'denied.yaml'), 'deny', 1],
    [join(folder, 'denied.yaml'), 'never', 0],
    [warns, 'deny', 0],
    [warns, 'warn', 1]
  ] as const)
    t.equal((await meshGuard('fix', file, '--fail-on', failOn, ...CLUSTER)).code, code, `${file} ${failOn}`)
})
