/**
 * The start of each format, for a healthy, a broken and a large cluster, as in tap-snapshots/. After an intended change,
 * `npx tap run --disable-coverage --snapshot test/cli/formats.test.ts` writes them again; review the difference.
 */
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { makeObjects } from '../../scripts/bench-cluster.ts'
import { reportOf } from '../../src/cli/audit.ts'
import { explain } from '../../src/engine/explain.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { toAnnotations } from '../../src/report/annotations.ts'
import { toExplanation } from '../../src/report/explanation.ts'
import { toExplanationText } from '../../src/report/explanation-text.ts'
import { toJson } from '../../src/report/json.ts'
import { toJunit } from '../../src/report/junit.ts'
import { toMarkdown } from '../../src/report/markdown.ts'
import { toExplanationMermaid } from '../../src/report/mermaid.ts'
import { toSarif } from '../../src/report/sarif.ts'
import { toText } from '../../src/report/text.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { Snapshot } from '../../src/state/snapshot.ts'
import { runCommand } from '../support/command.ts'
import { clientRule } from '../support/objects.ts'

process.chdir(join(import.meta.dirname, '../..'))

const MODELS = 1_000
const CLUSTERS = { healthy: 'examples/cluster', broken: 'examples/four-outcomes' }
const LINES = 8
const COLUMNS = 120

/** The first lines, and the number of all. */
function startOf(text: string): string {
  const lines = text.trimEnd().split('\n')
  const shown = lines.slice(0, LINES).map(line => (line.length > COLUMNS ? `${line.slice(0, COLUMNS)}...` : line))
  return [...shown, `(${lines.length} lines)`].join('\n')
}

const CHANGE = 'examples/strict-mesh.yaml'
const FORMATS: readonly (readonly [argv: readonly string[], formats: readonly string[]])[] = [
  [
    ['check', CHANGE, '--against'],
    ['text', 'json', 'yaml', 'sarif', 'junit', 'github', 'markdown']
  ],
  [
    ['audit', '--against'],
    ['text', 'json', 'yaml', 'sarif', 'junit', 'github', 'markdown']
  ],
  [
    ['explain', '--against'],
    ['text', 'wide', 'json', 'yaml', 'mermaid']
  ],
  [
    ['access', '--against'],
    ['text', 'wide', 'json', 'yaml', 'mermaid']
  ],
  [
    ['plan', CHANGE, '--against'],
    ['text', 'json', 'yaml', 'manifests']
  ],
  [
    ['fix', CHANGE, '--against'],
    ['text', 'json', 'yaml', 'manifests']
  ],
  [
    ['diff', 'examples/cluster'],
    ['text', 'json', 'yaml', 'markdown']
  ]
]

for (const [name, cluster] of Object.entries(CLUSTERS)) {
  t.test(`${name} cluster`, async t => {
    for (const [argv, formats] of FORMATS)
      for (const format of formats) {
        const { out, err } = await runCommand([...argv, cluster, '-o', format], false)
        t.matchSnapshot(startOf(out + err), `${argv[0]} -o ${format}`)
      }
  })
}

t.test('large cluster', { timeout: 120_000 }, async t => {
  const objects = [...makeObjects(MODELS), parse(clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }'))]
  const state = Snapshot.of(objects.flatMap(object => readResource(object) ?? []))
  const explanation = toExplanation(
    state,
    explain(state, () => true, RULES, DEFAULT_POLICY, readResource)
  )
  const overview = toExplanationText(explanation, 'overview', false)
  t.ok(overview.split('\n').length <= 40, 'the overview fits a screen')
  const report = reportOf(state, [], DEFAULT_POLICY)
  const context = { rules: RULES, pageOf: () => '', version: '', folder: '', editsOf: () => [] }
  for (const [name, text] of [
    ['explain -o text', overview],
    ['explain -o wide', toExplanationText(explanation, 'hops', false)],
    ['explain -o json', JSON.stringify(explanation, undefined, 2)],
    ['explain -o mermaid', toExplanationMermaid(explanation)],
    ['audit -o text', toText(report, false)],
    ['audit -o json', toJson(report)],
    ['audit -o sarif', toSarif(report, context)],
    ['audit -o junit', toJunit(report, false)],
    ['audit -o github', toAnnotations(report, false)],
    ['audit -o markdown', toMarkdown(report)]
  ] as const)
    t.matchSnapshot(startOf(text), name)
})
