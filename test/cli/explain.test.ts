import { join } from 'node:path'
import t from 'tap'
import { explanationSchema, type PathView } from '../../src/report/explanation.ts'
import { reportSchema } from '../../src/report/report.ts'
import { readFiles } from '../../src/sources/files.ts'
import { meshGuard } from '../support/command.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')
const OUTCOMES = join(examples, 'four-outcomes')

async function pathsTo(model: string): Promise<readonly PathView[]> {
  const { out } = await meshGuard('explain', model, '--against', OUTCOMES, '-o', 'json')
  const { models } = explanationSchema.parse(JSON.parse(out))
  return models.flatMap(({ inferenceService, paths }) => (inferenceService === model ? paths : []))
}

/** The policy that allows or denies each call. */
const POLICY = { object: { kind: 'AuthorizationPolicy', namespace: 'user1', name: 'allow-serving-tests' } }
const KNATIVE = 'spiffe://cluster.local/ns/knative-serving/sa/activator'
const CALLER = 'spiffe://cluster.local/ns/user1/sa/default'

/** Observed on a cluster: status, caller namespace (user2: any other), model, activator mode, verdict, hop, identity. */
const OBSERVED = [
  [200, 'user1', 'sklearn-iris-burst', 'proxy', 'ok', 'activator->pod', KNATIVE],
  [200, 'user1', 'sklearn-iris', 'serve', 'ok', 'caller->pod', CALLER],
  [403, undefined, 'sklearn-iris', 'serve', 'blocked', 'caller->pod', 'spiffe://cluster.local/ns/*/sa/*'],
  [200, undefined, 'sklearn-iris-burst', 'proxy', 'ok', 'activator->pod', KNATIVE]
] as const

for (const [status, from, model, mode, verdict, hop, identity] of OBSERVED) {
  t.test(`${from ?? 'user2'} calls ${model}: ${status}`, async t => {
    const paths = await pathsTo(`user1/${model}`)
    const found = paths.filter(
      path =>
        path.caller === 'in-mesh' &&
        path.via === 'component' &&
        path.callerNamespaces?.join() === from &&
        path.activatorMode === mode
    )
    t.match(found, [{ verdict, expected: true }])
    const last = found[0]?.hops.at(-1)
    t.match(last, {
      name: hop,
      verdict,
      calls: [
        {
          client: { tls: 'istio-mtls', configuredBy: [{ object: { kind: 'Pod', namespace: 'user1' } }] },
          server: {
            by: 'sidecar',
            reason: 'STRICT',
            configuredBy: [{ object: { kind: 'PeerAuthentication', name: 'default' }, field: 'spec.mtls.mode' }]
          },
          identity,
          authorization: {
            verdict: verdict === 'ok' ? 'allowed' : 'not-allowed',
            configuredBy: [{ ...POLICY, field: 'spec.rules' }]
          }
        }
      ]
    })
    const failure = { rule: 'policy-denies-request-path', ...POLICY, field: 'spec.rules', fix: { text: String } }
    t.match(last?.failure, status === 403 ? failure : undefined)
  })
}

t.test('audit reports the policy that the activator bypasses', async t => {
  const { out } = await meshGuard('audit', '--against', OUTCOMES, '-o', 'json')
  const { findings } = reportSchema.parse(JSON.parse(out))
  t.match(
    findings.filter(({ rule }) => rule === 'activator-bypasses-policy'),
    [{ exposes: [{ inferenceService: 'user1/sklearn-iris-burst', what: 'cross-namespace-via-activator' }] }]
  )
})

t.test('text output', async t => {
  const { code, out } = await meshGuard('explain', 'user1/sklearn-iris', '--against', OUTCOMES)
  t.equal(code, 0, 'a policy that denies some callers is only a warning')
  t.equal(
    out,
    `user1/sklearn-iris: 3 ok, 4 blocked of 7 paths
  RESULT       CALLER                         ADDRESS                                 PATH
  BLOCKED [1]  in-mesh (any other namespace)  component host or InferenceService URL  caller --x pod
  BLOCKED [1]  external                       InferenceService URL                    caller --> ingress-gateway --x pod
  BLOCKED [1]  non-mesh (if any exist)        InferenceService URL                    caller --> local-gateway --x pod
  ok           in-mesh (user1)                component host or InferenceService URL  caller --> pod
  ok           probe                          autoscaler                              autoscaler --> pod

[1] policy-denies-request-path: AuthorizationPolicy user1/allow-serving-tests spec.rules
    AuthorizationPolicy user1/allow-serving-tests denies callers of other namespaces at user1/sklearn-iris (403)
    AuthorizationPolicy user1/allow-serving-tests denies istio-system gateways at user1/sklearn-iris (403)
    fix: Allow the gateway, activator and autoscaler service accounts, and their probe paths; to allow other callers, add a rule to AuthorizationPolicy user1/allow-serving-tests (--show-fix prints the objects)
      the fix lets external callers reach user1/sklearn-iris
      the fix lets non-mesh callers reach user1/sklearn-iris
`
  )
  t.match(
    (await meshGuard('explain', 'user1/sklearn-iris', '--against', OUTCOMES, '-o', 'wide')).out,
    /^ +authz: allowed, user1\/default \(an ALLOW rule matches: AuthorizationPolicy /m
  )
  t.match(
    (await meshGuard('explain', 'user1/sklearn-iris', '--against', OUTCOMES, '--show-fix')).out,
    /^ {6}kind: AuthorizationPolicy$/m
  )
})

t.test('HTML output', async t => {
  t.match(await meshGuard('explain', '--against', OUTCOMES, '-o', 'html'), {
    code: 0,
    out: /^<!doctype html>\n.*<h1>Request paths to InferenceServices<\/h1>/s
  })
})

t.test('exit code is 1 for findings at or above --fail-on', async t => {
  const folder = t.testdir({
    'rule.yaml': `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: istio-system, name: default }
spec: { host: "*.local", trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
---
${readFiles([CLUSTER])
  .map(({ object }) => JSON.stringify(object))
  .join('\n---\n')}`
  })
  for (const [name, argv, code] of [
    ['no path is blocked', ['--against', CLUSTER], 0],
    ['all paths are blocked', ['--against', folder], 1],
    ['all paths are blocked, --fail-on never', ['--against', folder, '--fail-on', 'never'], 0],
    ['all paths are blocked, rule is warn', ['--against', folder, '--rule', 'client-mtls-to-plain-listener=warn'], 0],
    ['some callers are denied', ['--against', OUTCOMES], 0],
    ['some callers are denied, --fail-on warn', ['--against', OUTCOMES, '--fail-on', 'warn'], 1]
  ] as const) {
    t.equal((await meshGuard('explain', ...argv)).code, code, name)
  }
})

t.test('explain without an InferenceService', async t => {
  const folder = t.testdir({ 'empty.yaml': '' })
  t.match(await meshGuard('explain', '--against', folder), { code: 0, out: 'no InferenceService found\n' })
  t.match(await meshGuard('explain', 'a/b', '--against', folder), {
    code: 2,
    err: 'error: InferenceService a/b: not found\n'
  })
})

t.test('an unknown InferenceService is an error with a suggestion', async t => {
  t.match(await meshGuard('explain', 'user1/sklern-iris', '--against', CLUSTER), {
    code: 2,
    out: '',
    err: 'error: InferenceService user1/sklern-iris: not found; did you mean user1/sklearn-iris?\n'
  })
})
