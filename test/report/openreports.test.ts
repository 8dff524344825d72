import t from 'tap'
import type { Finding } from '../../src/engine/finding.ts'
import { MAX_RESULTS, REPORT_APIS, type ReportApi, toReports } from '../../src/report/openreports.ts'
import { stateOf } from '../support/snapshot.ts'

const model = (name: string) => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: ${name} }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
`
const STATE = stateOf([model('a'), model('b')].join('---\n'))
const [OPEN, POLICY] = REPORT_APIS as [ReportApi, ReportApi]
const HOME = 'mesh-guard'

const policy = { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', namespace: 'user2', name: 'default' }
const isvc = { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', namespace: 'user1', name: 'a' }
const finding = (more: Partial<Finding> = {}): Finding => ({
  rule: 'some-rule',
  category: 'outage',
  severity: 'critical',
  mode: 'deny',
  object: policy,
  field: 'spec.mtls',
  message: 'what and so what',
  docs: 'https://example.com/rules/some-rule',
  symptom: '503',
  fix: { text: 'Do this' },
  blocked: [],
  exposes: [],
  ...more
})
const blockedPath = (inferenceService: string | undefined, from?: string) =>
  ({
    inferenceService,
    caller: 'in-mesh',
    from: from === undefined ? undefined : ([from] as const),
    hop: 'caller->pod'
  }) as const
const reports = (findings: readonly Finding[], api = OPEN) =>
  toReports({ findings, notEvaluated: [], suppressed: [] }, STATE, api, HOME)
const namesOf = (findings: readonly Finding[]) => reports(findings).map(({ namespace, name }) => `${namespace}/${name}`)

t.test('a finding is in the report of each model or namespace that it affects', async t => {
  for (const [name, more, expected] of [
    ['blocked model', { blocked: [blockedPath('user1/a')] }, ['user1/mesh-guard-inferenceservice-a']],
    [
      'blocked and exposed models',
      { blocked: [blockedPath('user1/b')], exposes: [{ inferenceService: 'user1/a', what: 'public-route' }] },
      ['user1/mesh-guard-inferenceservice-b', 'user1/mesh-guard-inferenceservice-a']
    ],
    ['finding in the InferenceService', { object: isvc }, ['user1/mesh-guard-inferenceservice-a']],
    ['no affected model', {}, ['user2/mesh-guard']],
    [
      'blocked model and blocked control plane',
      { blocked: [blockedPath(undefined), blockedPath('user1/a')] },
      ['user2/mesh-guard', 'user1/mesh-guard-inferenceservice-a']
    ],
    ['deleted model', { blocked: [blockedPath('user1/gone')] }, ['user2/mesh-guard']],
    [
      'Namespace object',
      { object: { ...policy, kind: 'Namespace', namespace: '', name: 'user3' } },
      ['user3/mesh-guard']
    ],
    [
      'cluster-scoped object',
      { object: { ...policy, kind: 'ClusterServingRuntime', namespace: '' } },
      ['mesh-guard/mesh-guard']
    ]
  ] as const) {
    t.same(namesOf([finding(more)]), expected, name)
  }
  t.same(namesOf([]), [])
})

t.test('both report kinds list findings with result, severity and effect', async t => {
  const found = [
    finding({ blocked: [blockedPath('user1/a', 'user2'), blockedPath('user1/b'), blockedPath('user1/a')] }),
    finding({ object: isvc, mode: 'audit', category: 'style', severity: 'info' })
  ]
  const [report] = reports(found)
  t.match(report, { apiVersion: 'openreports.io/v1alpha1', kind: 'Report' })
  t.same(report?.content, {
    scope: isvc,
    summary: { pass: 0, fail: 1, warn: 1, error: 0, skip: 0 },
    results: [
      {
        source: 'kserve-mesh-guard',
        policy: 'some-rule',
        category: 'outage',
        severity: 'critical',
        result: 'fail',
        scored: true,
        resources: [policy],
        message: 'what and so what',
        properties: {
          mode: 'deny',
          field: 'spec.mtls',
          fix: 'Do this',
          docs: 'https://example.com/rules/some-rule',
          effect: 'blocks user1/a for in-mesh (user2) at caller->pod, in-mesh at caller->pod'
        }
      },
      {
        source: 'kserve-mesh-guard',
        policy: 'some-rule',
        category: 'style',
        severity: 'info',
        result: 'warn',
        scored: false,
        resources: [isvc],
        message: 'what and so what',
        properties: { mode: 'audit', field: 'spec.mtls', fix: 'Do this', docs: 'https://example.com/rules/some-rule' }
      }
    ]
  })
  const [other] = reports(found, POLICY)
  t.match(other, { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport' })
  t.same(other?.content, report?.content, 'both kinds have the same content')
})

t.test('evaluations without a result are reported once, in the namespace of the webhook', async t => {
  const notEvaluated = [
    { rule: 'b', missing: [], reason: 'so' },
    { rule: 'a', missing: [], reason: 'so' }
  ]
  const [report, ...others] = toReports({ findings: [], notEvaluated, suppressed: [] }, STATE, OPEN, HOME)
  t.same(others, [])
  t.match(report, { namespace: HOME, name: 'mesh-guard' })
  t.match(report?.content, {
    scope: { apiVersion: 'v1', kind: 'Namespace', name: HOME },
    summary: { error: 2 },
    results: [{ policy: 'a', result: 'error', message: 'not evaluated: so' }, { policy: 'b' }]
  })
  const reversed = toReports(
    { findings: [], notEvaluated: notEvaluated.toReversed(), suppressed: [] },
    STATE,
    OPEN,
    HOME
  )
  t.same(reversed, [report], 'the order of input is ignored')
})

t.test('a suppressed finding has the result skip', async t => {
  const exception = { owner: 'mesh', expires: '2027-01-31', state: 'active' } as const
  const suppressed = [{ rule: 'some-rule', reason: 'excepted until 2027-01-31 by mesh', exception }]
  const [report] = toReports({ findings: [], notEvaluated: [], suppressed }, STATE, OPEN, HOME)
  t.match(report?.content, {
    summary: { error: 0, skip: 1 },
    results: [{ policy: 'some-rule', result: 'skip', scored: false, message: 'excepted until 2027-01-31 by mesh' }]
  })
})

t.test('results of a report are limited', async t => {
  const [report] = reports(Array.from({ length: MAX_RESULTS + 5 }, () => finding()))
  t.equal(report?.content.results.length, MAX_RESULTS)
  t.match(report?.content.summary, { fail: MAX_RESULTS + 5 })
})
