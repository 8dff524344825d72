import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ajvDraft04 from 'ajv-draft-04'
import addFormats from 'ajv-formats'
import t from 'tap'
import type { Report } from '../../src/report/report.ts'
import { toSarif } from '../../src/report/sarif.ts'
import { RULES } from '../../src/rules/index.ts'
import { AUDITED, BROKEN, finding, HEALTHY, report, step, UNEVALUATED } from '../support/reports.ts'

const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'sarif-2.1.0/schema.json'), 'utf8'))
const ajv = new ajvDraft04.default({ strict: false, unicodeRegExp: false })
addFormats.default(ajv)
const validate = ajv.compile(schema)

const CONTEXT = {
  rules: RULES,
  pageOf: (id: string) => `# ${id}`,
  version: '1.2.3',
  folder: '/repo',
  editsOf: () => []
}
const runOf = (one: Report) => JSON.parse(toSarif(one, CONTEXT)).runs[0]
const fingerprintsOf = (one: Report) =>
  runOf(one).results.map(
    (result: { partialFingerprints: Record<string, string> }) => result.partialFingerprints['meshGuardFinding/v1']
  )

t.test('SARIF output matches the schema', async t => {
  t.notOk(validate({ version: '2.1.0', runs: [{}] }), 'the schema is applied')
  for (const one of [HEALTHY, BROKEN, AUDITED, UNEVALUATED.check, UNEVALUATED.audit])
    t.ok(validate(JSON.parse(toSarif(one, CONTEXT))), JSON.stringify(validate.errors))
})

t.test('a fix has a replacement for each file, and matches the schema', async t => {
  const editsOf = () => [{ file: '/repo/a b.yaml', before: 'a\nb\n', after: 'a\nc\n' }]
  const fix = { text: 'Do this', grants: [{ inferenceService: 'n/a', caller: 'external' as const, from: undefined }] }
  const log = JSON.parse(toSarif(report({ findings: [finding({ fix })] }), { ...CONTEXT, editsOf }))
  t.ok(validate(log), JSON.stringify(validate.errors))
  t.same(log.runs[0].results[0].fixes, [
    {
      description: { text: 'fix: Do this\n  the fix also lets external callers reach n/a' },
      artifactChanges: [
        {
          artifactLocation: { uri: 'a%20b.yaml', uriBaseId: '%SRCROOT%' },
          replacements: [
            {
              deletedRegion: { startLine: 2, startColumn: 1, endLine: 3, endColumn: 1 },
              insertedContent: { text: 'c\n' }
            }
          ]
        }
      ]
    }
  ])
})

t.test('a fix that would replace a long text is omitted', async t => {
  for (const [length, count] of [
    [100_000, 1],
    [100_001, 0]
  ] as const) {
    const editsOf = () => [{ file: 'a.json', before: '{}', after: 'a'.repeat(length) }]
    const { runs } = JSON.parse(toSarif(report({ findings: [finding()] }), { ...CONTEXT, editsOf }))
    t.equal((runs[0].results[0].fixes ?? []).length, count)
  }
})

t.test('SARIF output of a healthy state has no results and no rules', async t => {
  t.match(runOf(HEALTHY), {
    tool: { driver: { name: 'mesh-guard', version: '1.2.3', rules: [] } },
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: [] }],
    results: []
  })
})

t.test('SARIF output of a broken state has rules, levels and locations', async t => {
  const run = runOf(BROKEN)
  t.same(
    run.tool.driver.rules.map((rule: { id: string }) => rule.id),
    ['no-endpoints', 'plaintext-to-mtls-gateway']
  )
  t.match(run.tool.driver.rules[1], {
    help: {
      text: /\nSymptom: .*\nMore: https:.*\/rules\/plaintext-to-mtls-gateway$/,
      markdown: '# plaintext-to-mtls-gateway'
    },
    defaultConfiguration: { level: 'error' },
    properties: { tags: ['outage'] }
  })
  t.match(run.results, [
    { ruleId: 'plaintext-to-mtls-gateway', level: 'error', baselineState: 'new' },
    { ruleId: 'no-endpoints', level: 'warning', baselineState: 'new' },
    { ruleId: 'no-endpoints', level: 'note', baselineState: 'unchanged' }
  ])
  t.equal(run.results.length, 3)
  t.same(run.results[0].message.text, 'what <and> so what\nblocks n/a for external at gateway->pod\nfix: Do this')
  t.same(run.results[0].locations, [
    {
      physicalLocation: {
        artifactLocation: { uri: 'base/change.yaml', uriBaseId: '%SRCROOT%' },
        region: { startLine: 7 }
      },
      logicalLocations: [
        { name: 'Gateway a/g', fullyQualifiedName: 'Gateway a/g spec.servers[0].tls.mode', kind: 'object' }
      ]
    }
  ])
  t.match(run.results[1].locations[0].physicalLocation, {
    artifactLocation: { uri: 'base/more.yaml' },
    region: { startLine: 1 }
  })
  t.same(
    run.invocations[0].toolExecutionNotifications.map((one: { level: string; message: { text: string } }) => [
      one.level,
      one.message.text
    ]),
    [
      ['warning', 'not evaluated: request-paths: Gateway: forbidden'],
      ['note', 'no-endpoints: excepted'],
      ['note', 'base/more.yaml:9: Job a/j: kind is not evaluated']
    ]
  )
})

t.test('audit results have no baseline, and without a file only a logical location', async t => {
  const { results } = runOf(AUDITED)
  t.same(
    results.map((one: { level: string; baselineState?: string; locations: readonly object[] }) => [
      one.level,
      one.baselineState,
      Object.keys(one.locations[0] ?? {})
    ]),
    [
      ['error', undefined, ['logicalLocations']],
      ['note', undefined, ['logicalLocations']],
      ['warning', undefined, ['physicalLocation', 'logicalLocations']]
    ]
  )
})

t.test('a denial for lack of an evaluation is a notification of level error', async t => {
  for (const one of [UNEVALUATED.check, UNEVALUATED.audit])
    t.match(runOf(one).invocations[0].toolExecutionNotifications, [{ level: 'error' }])
})

t.test('locations are relative URIs', async t => {
  for (const [file, expected] of [
    ['/repo/a b/c#1.yaml', { uri: 'a%20b/c%231.yaml', uriBaseId: '%SRCROOT%' }],
    ['./a.yaml', { uri: 'a.yaml', uriBaseId: '%SRCROOT%' }],
    ['<stdin>', { uri: '%3Cstdin%3E', uriBaseId: '%SRCROOT%' }],
    ['/elsewhere/a.yaml', { uri: 'file:///elsewhere/a.yaml' }]
  ] as const) {
    const { results } = runOf(report({ findings: [finding({ source: { file, line: 1 } })] }))
    t.same(results[0].locations[0].physicalLocation.artifactLocation, expected, file)
  }
})

t.test('helpUri is the address of the rule page', async t => {
  const { tool } = runOf(report({ findings: [finding({ docs: 'https://example.com/rules/a' })] }))
  t.equal(tool.driver.rules[0].helpUri, 'https://example.com/rules/a')
})

t.test('fingerprints survive moves of lines, files and list entries', async t => {
  const [original] = fingerprintsOf(BROKEN)
  const moved = finding({ source: { file: 'other.yaml', line: 70 }, field: 'spec.servers[3].tls.mode' })
  t.same(fingerprintsOf(report({ steps: [step({ findings: [moved] })] })), [original])
  for (const other of [
    finding({ rule: 'no-endpoints' }),
    finding({ field: 'spec.selector' }),
    finding({ object: { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', namespace: 'a', name: 'h' } })
  ])
    t.not(fingerprintsOf(report({ findings: [other] }))[0], original)
  const [first, second] = fingerprintsOf(AUDITED)
  t.equal(first, original)
  t.equal(second, original.replace(/:1$/, ':2'), 'two findings never have one fingerprint')
})
