import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { reportSchema } from '../../src/report/report.ts'
import { startApiServer } from '../support/api-server.ts'
import { pathOf, serveAll, serveFolder } from '../support/cluster.ts'
import { meshGuard } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')
const STRICT = join(examples, 'strict-mesh.yaml')
/** Istio, Knative and KServe, as one file. */
const STOCK = ['istio', 'knative', 'kserve']
  .map(name => readFileSync(join(CLUSTER, `${name}.yaml`), 'utf8'))
  .join('---\n')
const RULE = 'strict-mesh-plain-local-gateway'

const model = (more = '') => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: new }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
${more}`

async function report(...argv: readonly string[]) {
  const { out } = await meshGuard('check', ...argv, '-o', 'json')
  return reportSchema.parse(JSON.parse(out))
}

t.test('exit code is 1 for a decision at or above --fail-on', async t => {
  const change = [STRICT, '--against', CLUSTER]
  for (const [name, argv, code] of [
    ['no findings', [join(CLUSTER, 'models.yaml'), '--against', CLUSTER], 0],
    ['denied', change, 1],
    ['warned, --fail-on deny', [...change, '--rule', `${RULE}=warn`], 0],
    ['warned, --fail-on warn', [...change, '--rule', `${RULE}=warn`, '--fail-on', 'warn'], 1],
    ['denied, --fail-on warn', [...change, '--fail-on', 'warn'], 1],
    ['denied, --fail-on never', [...change, '--fail-on', 'never'], 0],
    ['rule is off', [...change, '--rule', `${RULE}=off`, '--fail-on', 'warn'], 0]
  ] as const) {
    t.equal((await meshGuard('check', ...argv)).code, code, name)
  }
})

t.test('a finding links to the page of its rule', async t => {
  const { steps } = await report(STRICT, '--against', CLUSTER)
  const links = steps.flatMap(({ findings }) => findings.map(({ docs }) => docs))
  t.same(links, [`https://kserve-mesh-guard.github.io/kserve-mesh-guard/rules/${RULE}`])
})

t.test('active and expired exceptions are listed under skipped', async t => {
  const exception = (expires: string) => `
- { rule: ${RULE}, selector: { namespaces: [istio-system] }, reason: we migrate, owner: mesh, expires: ${expires} }`
  const active = { rule: RULE, exception: { owner: 'mesh', expires: '9999-12-31', state: 'active' } }
  const expired = { rule: RULE, exception: { owner: 'mesh', expires: '2020-01-01', state: 'expired' } }
  for (const [expires, decision, skipped] of [
    [['9999-12-31'], 'allow', [active]],
    [['2020-01-01'], 'deny', [expired]],
    [['2020-01-01', '9999-12-31'], 'allow', [active, expired]]
  ] as const) {
    const folder = t.testdir({ 'config.yaml': `exceptions:${expires.map(exception).join('')}`, strict: {} })
    cpSync(CLUSTER, join(folder, 'strict'), { recursive: true })
    cpSync(STRICT, join(folder, 'strict/strict-mesh.yaml'))
    const configured = ['--config', join(folder, 'config.yaml')]
    for (const argv of [
      ['audit', '--against', join(folder, 'strict')],
      ['check', STRICT, '--against', CLUSTER]
    ]) {
      const printed = reportSchema.parse(JSON.parse((await meshGuard(...argv, ...configured, '-o', 'json')).out))
      t.equal(printed.decision, decision)
      t.match(printed.skipped, skipped)
      t.equal(printed.skipped.length, skipped.length)
    }
    const { out } = await meshGuard('audit', '--against', join(folder, 'strict'), ...configured)
    for (const { exception } of skipped) {
      t.match(
        out,
        exception.state === 'expired'
          ? `${RULE}: exception expired on 2020-01-01, by mesh: we migrate\n`
          : `${RULE}: excepted until 9999-12-31 by mesh: PeerAuthentication istio-system/default: we migrate\n`
      )
    }
  }
})

t.test('changes are evaluated in order', async t => {
  const folder = t.testdir({
    'change.yaml': [
      model(),
      model('  # the same again'),
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: other }',
      model().replace('name: sklearn', 'name: xgboost')
    ].join('\n---\n')
  })
  const { steps, decision } = await report(join(folder, 'change.yaml'), '--against', CLUSTER)
  t.equal(decision, 'allow')
  t.match(
    steps.map(({ operation, object, decision }) => `${operation} ${object.kind} ${decision}`),
    ['CREATE InferenceService allow', 'UPDATE InferenceService allow', 'UPDATE InferenceService allow']
  )
})

t.test('-f is the same as PATH and repeatable', async t => {
  const folder = t.testdir({ 'model.yaml': model() })
  const file = join(folder, 'model.yaml')
  for (const argv of [
    [STRICT, file],
    [STRICT, '-f', file],
    ['-f', STRICT, '--filename', file],
    ['-R', '-f', STRICT, '-f', file]
  ]) {
    const { steps } = await report(...argv, '--against', CLUSTER)
    t.same(
      steps.map(({ source }) => source.file),
      [STRICT, file]
    )
  }
})

t.test('the source of a finding is the object in the state, not a later one of its name', async t => {
  const denyAll = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: speech, name: deny-all }
spec: {}
`
  const injected = `
apiVersion: v1
kind: Namespace
metadata: { name: speech, labels: { istio-injection: enabled } }
---${denyAll}`
  const standard = model().replace(
    'name: new',
    'name: new, annotations: { serving.kserve.io/deploymentMode: Standard }'
  )
  const folder = t.testdir({
    'a.yaml': injected,
    'b.yaml': standard.replace('user1', 'speech'),
    'c.yaml': `# The same again.\n${denyAll}`
  })
  const { steps } = await report(folder, '--against', CLUSTER)
  t.match(steps[2]?.findings, [
    { rule: 'policy-denies-request-path', source: { file: join(folder, 'a.yaml'), line: 9 } }
  ])
})

t.test('a denied change does not change the state', async t => {
  const folder = t.testdir({ 'model.yaml': model() })
  const { steps } = await report(STRICT, STRICT, join(folder, 'model.yaml'), '--against', CLUSTER)
  t.same(
    steps.map(({ operation, decision }) => `${operation} ${decision}`),
    ['CREATE deny', 'CREATE deny', 'CREATE allow']
  )
})

t.test('an allowed change is in the state of the next change', async t => {
  const folder = t.testdir({
    'labelled.yaml': `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default, labels: { a: b } }
spec: { mtls: { mode: STRICT } }
`
  })
  const file = join(folder, 'labelled.yaml')
  const { steps } = await report(STRICT, STRICT, file, '--against', CLUSTER, '--rule', `${RULE}=warn`)
  t.match(steps, [
    { operation: 'CREATE', decision: 'warn', findings: [{ rule: RULE }], existing: [] },
    { operation: 'UPDATE', decision: 'allow', findings: [], existing: [] },
    { operation: 'UPDATE', decision: 'allow', findings: [], existing: [{ rule: RULE, source: { file } }] }
  ])
})

t.test('--delete evaluates deletions', async t => {
  const folder = t.testdir({
    'change.yaml': [
      model(),
      'apiVersion: v1\nkind: Service\nmetadata: { namespace: istio-system, name: knative-local-gateway }'
    ].join('\n---\n')
  })
  const { steps } = await report(join(folder, 'change.yaml'), '--against', CLUSTER, '--delete')
  t.match(steps, [
    { operation: 'DELETE', decision: 'allow', findings: [] },
    { operation: 'DELETE', decision: 'deny', findings: [{ rule: 'no-endpoints' }] }
  ])
})

t.test('mutations are printed', async t => {
  const policy = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: default }
spec: { mtls: { mode: STRICT } }
---`
  const folder = t.testdir({ 'change.yaml': policy + model() })
  const { out } = await meshGuard('check', join(folder, 'change.yaml'), '--against', CLUSTER)
  t.match(out, '  adds /metadata/labels: {"sidecar.istio.io/inject":"true"}\n')
})

t.test('an update keeps creationTimestamp', async t => {
  const policy = (name: string, mode: string, more: string) => `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: ${name}, ${more} }
spec: { mtls: { mode: ${mode} } }
`
  const created = (year: number) => `creationTimestamp: "${year}-01-01T00:00:00Z"`
  const folder = t.testdir({
    'cluster.yaml': STOCK + policy('old', 'PERMISSIVE', created(2024)) + policy('new', 'STRICT', created(2025)),
    'change.yaml': policy('old', 'PERMISSIVE', 'labels: { a: b }')
  })
  const { steps } = await report(join(folder, 'change.yaml'), '--against', join(folder, 'cluster.yaml'))
  t.match(steps, [{ operation: 'UPDATE', decision: 'allow', findings: [] }], 'the oldest policy takes effect')
})

t.test('an update keeps status unless the manifest sets it', async t => {
  const strict = `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: default }
spec: { mtls: { mode: STRICT } }
---`
  const folder = t.testdir({
    'cluster.yaml': STOCK + strict + model('status: { deploymentMode: Standard }'),
    'same.yaml': model().replace('sklearn', 'xgboost'),
    'other.yaml': model('status: { deploymentMode: Knative }').replace('sklearn', 'xgboost')
  })
  for (const [name, added] of [
    ['same.yaml', ['sidecar.istio.io/inject']],
    ['other.yaml', ['autoscaling.knative.dev/targetBurstCapacity', 'sidecar.istio.io/inject']]
  ] as const) {
    const { steps } = await report(join(folder, name), '--against', join(folder, 'cluster.yaml'))
    const keys = steps[0]?.patch.flatMap(({ value }) => Object.keys(Object(value)))
    t.same([...new Set(keys)].sort(), added, name)
  }
})

t.test('objects of unread kinds are listed as skipped and have no step', async t => {
  const folder = t.testdir({
    'change.yaml': ['Deployment', 'Job', 'Job']
      .map((kind, i) => `apiVersion: example.com/v1\nkind: ${kind}\nmetadata: { name: a-${i} }\n`)
      .join('\n---\n')
  })
  const { err, out, code } = await meshGuard('check', folder, '--against', CLUSTER)
  t.notMatch(out, 'ALLOW')
  t.match(
    await meshGuard('audit', '--against', folder),
    { code: 0, out: '0 findings\n' },
    'unread kinds in the state are ignored'
  )
  t.equal(err, 'skipped: 3 of 3 objects, of kinds that are not evaluated: Deployment, Job\n')
  t.equal(code, 0)
})

t.test('objects of unread kinds that can decide requests are not evaluated', async t => {
  const folder = t.testdir({
    'filter.yaml':
      'apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: { namespace: istio-system, name: lua }\n',
    'quota.yaml': 'apiVersion: v1\nkind: ResourceQuota\nmetadata: { namespace: user1, name: quota }\n',
    'model.yaml': model(),
    'deny.yaml': 'unevaluated: deny\n'
  })
  const file = (name: string) => join(folder, `${name}.yaml`)
  const [filter, quota] = [file('filter'), file('quota')] as const
  const reason = 'EnvoyFilter istio-system/lua: objects of this kind can decide requests and are not modeled'
  for (const [argv, decision, notEvaluated, code] of [
    [[filter], 'warn', [reason], 0],
    [[quota], 'allow', [], 0],
    [[quota, filter, file('model')], 'warn', [reason], 0],
    [[filter, '--delete'], 'warn', [reason], 0],
    [[filter, '--fail-on', 'warn'], 'warn', [reason], 1],
    [[filter, '--config', file('deny')], 'deny', [reason], 1]
  ] as const) {
    const printed = await meshGuard('check', ...argv, '--against', CLUSTER, '-o', 'json')
    const report = reportSchema.parse(JSON.parse(printed.out))
    t.equal(report.decision, decision)
    t.same(
      report.notEvaluated.map(one => one.reason),
      notEvaluated
    )
    t.equal(printed.code, code)
  }
  const { out } = await meshGuard('check', filter, '--against', CLUSTER)
  t.equal(out, `not evaluated: object: ${reason}\n0 findings\n`)
})

t.test('check against a live cluster', async t => {
  const api = await serveFolder(t, CLUSTER)
  const file = join(t.testdir({ config: kubeconfig(api.url) }), 'config')
  const live = ['--kubeconfig', file]
  const { code, out } = await meshGuard('check', STRICT, ...live, '--context', 'test')
  t.equal(code, 1)
  t.match(out, RULE)
  t.match((await report(join(CLUSTER, 'models.yaml'), ...live)).steps[0], { operation: 'UPDATE', decision: 'allow' })
  api.fault = ({ pathname }, response) => {
    if (pathname.endsWith('/gateways')) response.writeHead(403).end()
    return pathname.endsWith('/gateways')
  }
  t.match((await report(STRICT, ...live)).notEvaluated, [{ missing: ['Gateway'] }])
  api.fault = (_request, response) => !!response.writeHead(500).end()
  t.match(await meshGuard('check', STRICT, ...live), { code: 3, err: /^error: the cluster cannot be read: .*500\n$/ })
  t.match(await meshGuard('check', STRICT, '--kubeconfig', `${file}s`), { code: 2, err: /ENOENT/ })
})

t.test('an object of a live cluster that cannot be parsed is reported', async t => {
  const api = await startApiServer()
  t.teardown(api.close)
  serveAll(api)
  api.put(pathOf('PeerAuthentication'), {
    metadata: { namespace: 'a', name: 'b' },
    spec: { mtls: { mode: 5 } }
  })
  const file = join(t.testdir({ config: kubeconfig(api.url) }), 'config')
  const { err } = await meshGuard('check', STRICT, '--against', 'live', '--kubeconfig', file)
  t.match(err, /^object skipped: cannot parse: PeerAuthentication a\/b: spec\.mtls\.mode: /)
})
