import t from 'tap'
import type { Finding } from '../../src/engine/finding.ts'
import { toJson } from '../../src/report/json.ts'
import { type Report, reportSchema } from '../../src/report/report.ts'
import { effectLines, fixLines, listNames, toText } from '../../src/report/text.ts'

const object = { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: 'a' }
const finding: Finding = {
  rule: 'some-rule',
  category: 'outage',
  severity: 'critical',
  mode: 'deny',
  object,
  field: 'metadata.labels',
  message: 'what and so what',
  docs: 'https://example.com/rules/some-rule',
  symptom: '503 UF',
  fix: { text: 'Do this', apply: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }], remove: [object] },
  blocked: [
    { inferenceService: 'n/a', caller: 'external', from: undefined, hop: 'gateway->pod' },
    { inferenceService: 'n/a', caller: 'in-mesh', from: ['user1'], hop: 'caller->pod' },
    { inferenceService: 'n/b', caller: 'external', from: undefined, hop: 'gateway->pod' }
  ],
  exposes: [{ inferenceService: 'n/c', what: 'plaintext-accepted' }]
}
const INSTALLATION = {
  istio: [{ revision: 'default', namespace: 'istio-system', version: '1.24.2', source: 'assumed' }],
  knative: [],
  kserve: [{ namespace: 'kubeflow', source: 'ConfigMap kubeflow/inferenceservice-config' }]
}
const steps: Report = {
  decision: 'deny',
  steps: [
    {
      object,
      operation: 'CREATE',
      source: { file: 'f.yaml', line: 3 },
      decision: 'deny',
      patch: [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }],
      notes: ['left out'],
      findings: [{ ...finding, source: { file: 'f.yaml', line: 7 } }],
      existing: [{ ...finding, source: undefined }]
    },
    {
      object,
      operation: 'DELETE',
      source: { file: 'g.yaml', line: 1 },
      decision: 'allow',
      patch: [],
      notes: [],
      findings: [],
      existing: []
    }
  ],
  findings: [],
  notEvaluated: [{ rule: 'other-rule', missing: ['Gateway'], reason: 'Gateway: forbidden' }],
  skipped: [],
  installation: INSTALLATION
}
const state: Report = {
  decision: 'warn',
  steps: [],
  findings: [{ ...finding, mode: 'warn', source: undefined, fix: { text: 'Do this' }, blocked: [], exposes: [] }],
  notEvaluated: [],
  skipped: [],
  installation: INSTALLATION
}

t.test('text output lists the callers that a fix lets through', async t => {
  const grants = [
    { inferenceService: 'n/a', caller: 'in-mesh', from: ['user2'] },
    { inferenceService: 'n/b', caller: 'in-mesh', from: ['user2'] },
    { inferenceService: 'n/a', caller: 'external', from: undefined }
  ] as const
  t.same(fixLines({ text: 'Do this', grants }), [
    'fix: Do this',
    '  the fix also lets in-mesh (user2) callers reach n/a, n/b',
    '  the fix also lets external callers reach n/a'
  ])
})

t.test('text output lists changes, findings and counts', async t => {
  t.equal(
    toText(steps, true),
    `DENY  f.yaml:3: CREATE Namespace a
  adds /metadata/labels: {"a":"b"}
  note: left out
  deny some-rule
    f.yaml:7: Namespace a metadata.labels
    what and so what
    blocks n/a for external at gateway->pod, in-mesh (user1) at caller->pod
    blocks n/b for external at gateway->pod
    exposes n/c: plaintext-accepted
    symptom: 503 UF
    fix: Do this
      apiVersion: v1
      kind: Namespace
      metadata:
        name: a
      remove Namespace a
    more: mesh-guard rules some-rule
  pre-existing: some-rule: what and so what
ALLOW g.yaml:1: DELETE Namespace a
not evaluated: other-rule: Gateway: forbidden
2 changes: 1 denied, 0 with warnings, 1 allowed`
  )
  t.equal(
    toText(state, false),
    `warn some-rule
  Namespace a metadata.labels
  what and so what
  symptom: 503 UF
  fix: Do this
  more: mesh-guard rules some-rule
1 finding`
  )
})

t.test('objects of fixes are printed on request', async t => {
  t.match(toText(steps, false), /\n {4}fix: Do this \(--show-fix prints the objects\)\n {4}more: /)
})

t.test('JSON output matches the schema', async t => {
  for (const report of [steps, state]) {
    const json = JSON.parse(toJson(report))
    t.same(reportSchema.parse(json), json)
    t.match(json, { apiVersion: 'mesh-guard.io/v1', kind: 'Report' })
  }
  t.same(JSON.parse(toJson(state)).findings[0].fix, { text: 'Do this', apply: [], remove: [], grants: [] })
})

t.test('models above the limit are counted', async t => {
  t.same(
    effectLines({
      blocked: [{ inferenceService: undefined, caller: 'system', from: undefined, hop: 'controller' }],
      exposes: []
    }),
    ['blocks the control plane for system at controller']
  )
  t.same(effectLines({ blocked: finding.blocked, exposes: [] }, 1), [
    'blocks n/a for external at gateway->pod, in-mesh (user1) at caller->pod',
    'and blocks 1 more'
  ])
})

t.test('the first names are listed and the others are counted', async t => {
  for (const [count, expected] of [
    [1, 'n1'],
    [6, 'n1, n2, n3, n4, n5, n6'],
    [7, 'n1, n2, n3, n4, n5 and 2 more']
  ] as const) {
    t.equal(listNames(Array.from({ length: count }, (_, i) => `n${i + 1}`)), expected)
  }
})
