import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { planSchema } from '../../src/report/plan.ts'
import { meshGuard } from '../support/command.ts'
import { manifestsIn } from '../support/twelve-states.ts'

const CLUSTER = ['--against', join(import.meta.dirname, '../../examples/cluster')]
const KUBEFLOW = ['--against', join(import.meta.dirname, '../distributions/kubeflow/cluster.yaml')]

const folder = t.testdir({
  'strict.yaml': manifestsIn('mutual/rule/strict').join('---'),
  'impossible.yaml': `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: none }
spec: {}
`,
  'unknown.yaml': `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user2, name: new, annotations: { serving.kserve.io/deploymentMode: Standard } }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: user2, name: tls }
spec: { host: new-predictor.user2.svc.cluster.local, trafficPolicy: { tls: { mode: SIMPLE } } }
`,
  'skipped.yaml': 'apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: a }\n'
})
const STRICT = join(folder, 'strict.yaml')
const IMPOSSIBLE = join(folder, 'impossible.yaml')

t.test('text output has the steps in order', async t => {
  const { code, out } = await meshGuard('plan', STRICT, ...CLUSTER)
  t.equal(code, 0)
  t.equal(
    out.replaceAll(folder, '').replace(/ {3,}/g, '  '),
    `STEP  DECISION  CHANGE  NOTE
1  allow  UPDATE Gateway knative-serving/knative-local-gateway  inserted: a later step is denied without it, by plaintext-to-mtls-gateway
2  allow  CREATE DestinationRule istio-system/default (/strict.yaml:7)
3  allow  CREATE PeerAuthentication istio-system/default (/strict.yaml:12)
4  warn  UPDATE Gateway knative-serving/knative-local-gateway (/strict.yaml:2)  plaintext-to-mtls-gateway
4 steps, 1 inserted: no step is denied
`
  )
})

t.test('manifests are in order, with deletions as comments', async t => {
  const { code, out } = await meshGuard('plan', STRICT, ...CLUSTER, '-o', 'manifests')
  t.equal(code, 0)
  t.same(
    parseAllDocuments(out).map(one => one.toJS().kind),
    ['Gateway', 'DestinationRule', 'PeerAuthentication', 'Gateway']
  )
  t.same(out.match(/^#.*$/gm), [
    '# Step 1 of 4, inserted: apply Gateway knative-serving/knative-local-gateway',
    '# Step 2 of 4: apply DestinationRule istio-system/default',
    '# Step 3 of 4: apply PeerAuthentication istio-system/default',
    '# Step 4 of 4: apply Gateway knative-serving/knative-local-gateway'
  ])
  t.match(await meshGuard('plan', IMPOSSIBLE, ...CLUSTER, '-o', 'manifests'), { code: 1, out: '', err: /^DENY / })
})

t.test('JSON output matches the schema', async t => {
  const { out } = await meshGuard('plan', STRICT, ...CLUSTER, '-o', 'json')
  t.match(planSchema.parse(JSON.parse(out)), {
    outcome: 'planned',
    steps: [
      { object: { kind: 'Gateway' }, source: undefined, prevents: 'plaintext-to-mtls-gateway', decision: 'allow' },
      { object: { kind: 'DestinationRule' }, source: { file: STRICT }, prevents: undefined },
      { object: { kind: 'PeerAuthentication' } },
      { object: { kind: 'Gateway' }, decision: 'warn' }
    ],
    denied: [],
    today: []
  })
  t.match(parse((await meshGuard('plan', STRICT, ...CLUSTER, '-o', 'yaml')).out), { kind: 'Plan' })
})

t.test('changes that no order admits are listed with their denials', async t => {
  const { code, out } = await meshGuard('plan', IMPOSSIBLE, ...CLUSTER)
  t.equal(code, 1)
  t.match(
    out,
    /^DENY {2}CREATE AuthorizationPolicy user1\/none \(.*impossible.yaml:1\)\n {2}policy-denies-request-path: .*\n {4}AuthorizationPolicy user1\/none spec.rules\n {4}blocks /
  )
  t.match(out, /\n0 steps: no order exists: after these steps each remaining change is denied\n$/)
})

t.test('the goal strict-mtls needs no manifest', async t => {
  const strict = (...argv: readonly string[]) => meshGuard('plan', '--goal', 'strict-mtls', ...argv)
  const mesh = await strict(...CLUSTER)
  t.match(mesh, {
    code: 0,
    out: /^DENY {2}today: CREATE PeerAuthentication istio-system\/default\n {2}strict-mesh-plain-local-gateway: /
  })
  t.match(mesh.out, /\n2 {5}allow {5}CREATE PeerAuthentication istio-system\/default\n2 steps, 1 inserted: /)
  t.match(await strict('-n', 'user1', ...CLUSTER), {
    code: 0,
    out: /1 {5}allow {5}CREATE PeerAuthentication user1\/default\n/
  })
  t.match(await strict('-n', 'user9', ...CLUSTER), { code: 2, err: /namespace user9: not found/ })
  t.match(await strict(...KUBEFLOW), { code: 0, out: /\n3 steps, 2 inserted: no step is denied\n$/ })
  t.match(await strict(STRICT, ...CLUSTER), { code: 0, out: /\n4 steps, 1 inserted: / }, 'with manifests')
})

t.test('the goal ambient needs namespaces', async t => {
  const ambient = (...argv: readonly string[]) => meshGuard('plan', '--goal', 'ambient', ...argv)
  const { code, out } = await ambient('-n', 'user1', ...CLUSTER)
  t.equal(code, 0)
  t.match(out, /^2 {5}allow {5}RESTART 1 pod of InferenceService user1\/sklearn-iris-burst$/m)
  t.match(out, /^NOT CONFIRMED {2}Namespace user1 metadata.labels\[.*\]: knative-model-in-ambient-mode: /m)
  t.match(out, /^NOT CONFIRMED {2}the state has no ztunnel pods: /m)
  t.match(out, /\n4 steps: no step is denied\n$/)
  const json = planSchema.parse(JSON.parse((await ambient('-n', 'user1', ...CLUSTER, '-o', 'json')).out))
  t.match(json, {
    steps: [
      { operation: 'UPDATE', pods: undefined, manifest: { kind: 'Namespace' } },
      { operation: 'RESTART', pods: [/^sklearn-iris-burst-predictor-/], manifest: undefined },
      { operation: 'RESTART', object: { kind: 'InferenceService', name: 'sklearn-iris' } },
      { operation: 'RESTART', object: { kind: 'Namespace', name: 'user1' }, pods: ['httpbin-6484879498-qxqj8'] }
    ],
    unconfirmed: [
      { object: { kind: 'Namespace' }, reason: /^knative-model-in-ambient-mode: / },
      { object: undefined },
      {}
    ]
  })
  const { out: manifests } = await ambient('-n', 'user1', ...CLUSTER, '-o', 'manifests')
  t.match(manifests, /^# Step 1 of 4: apply Namespace user1\n/)
  t.match(manifests, /\n# Step 4 of 4: restart Pod user1\/httpbin-6484879498-qxqj8\n$/)
  t.match(await ambient('-n', 'user1', '-n', 'knative-serving', ...CLUSTER), { code: 0, out: /\n6 steps: / })
  const denied = await ambient('-n', 'kubeflow-user-example-com', ...KUBEFLOW)
  t.match(denied, {
    code: 1,
    out: /^ {4}AuthorizationPolicy kubeflow-user-example-com\/ns-owner-access-istio spec.rules\[0\]$/m
  })
  t.match(denied.out, /^NOT CONFIRMED {2}.*knative-model-in-ambient-mode/m)
  t.equal(denied.out.match(/^DENY /gm)?.length, 1, 'the denial is printed once')
  t.match(await ambient('-n', 'user9', ...CLUSTER), { code: 2, err: /namespace user9: not found/ })
  t.match(await ambient(...CLUSTER), { code: 2, err: 'error: --goal ambient requires --namespace' })
})

t.test('what is not evaluated is listed', async t => {
  const { out } = await meshGuard('plan', join(folder, 'unknown.yaml'), ...CLUSTER)
  t.match(out, /^NOT CONFIRMED {2}not evaluated: /m)
})

t.test('paths can be options, and --fail-on decides the exit code', async t => {
  const { out } = await meshGuard('plan', STRICT, ...CLUSTER)
  t.match(await meshGuard('plan', '-R', '-f', STRICT, ...CLUSTER), { code: 0, out })
  for (const [file, failOn, code] of [
    [STRICT, 'deny', 0],
    [STRICT, 'warn', 1],
    [STRICT, 'never', 0],
    [IMPOSSIBLE, 'deny', 1],
    [IMPOSSIBLE, 'never', 0]
  ] as const)
    t.equal((await meshGuard('plan', file, '--fail-on', failOn, ...CLUSTER)).code, code, `${file} ${failOn}`)
})

t.test('input is checked', async t => {
  t.match(await meshGuard('plan', ...CLUSTER), { code: 2, err: /^error: PATH: missing argument; / })
  t.match(await meshGuard('plan', join(folder, 'skipped.yaml'), ...CLUSTER), {
    code: 0,
    err: /skipped/,
    out: '0 steps: no step is denied\n'
  })
})
