/** Alerts query metrics that exist, and each links to its runbook. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { parse } from 'yaml'
import { SITE } from '../scripts/project.ts'
import { parseConfig } from '../src/config.ts'
import { makeCertificate } from '../src/controller/dev-certificate.ts'
import { watchConfig } from '../src/server/config-reload.ts'
import { serve } from '../src/server/serve.ts'
import { staticSource } from '../src/sources/static-source.ts'
import { evaluatorOf } from './support/evaluator.ts'
import { stockWith } from './support/snapshot.ts'

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

const root = join(import.meta.dirname, '..')
const { groups } = parse(readFileSync(join(root, 'charts/kserve-mesh-guard/alerts.yaml'), 'utf8')) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
}
const alerts = groups.flatMap(({ rules }) => rules)
const pages = readdirSync(join(root, 'docs/runbooks'))

const FUNCTIONS = ['absent', 'increase', 'max', 'min', 'rate', 'sum', 'time']
const KEYWORDS = ['and', 'by', 'or', 'unless', 'without']

/** Metrics of a replica with all features enabled. */
async function exposition(): Promise<string> {
  const config = parseConfig('server: { port: 0, healthPort: 0 }', 'test')
  const logger = pino({ level: 'silent' })
  const configuration = watchConfig({ read: () => '', parse: () => config }, logger)
  const { ca, ...keyPair } = await makeCertificate(['127.0.0.1'])
  const controllerStatus = () => ({
    certificateExpiryMs: 0,
    leader: true,
    failurePolicy: 'Fail' as const,
    audit: { lastSuccessMs: 0, findings: [] },
    lines: []
  })
  const evaluator = await evaluatorOf(staticSource(stockWith()))
  const running = await serve({
    config,
    configuration,
    evaluator,
    keyPair,
    ownNamespace: 'a',
    controllerStatus,
    logger
  })
  const text = await (await fetch(`${running.health}/metrics`)).text()
  await running.stop(0)
  return text
}

const text = await exposition()
const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]))
const isMetric = (name: string) => types.has(name)
const namesIn = (text: string) => [...text.matchAll(/mesh_guard_\w+/g)].map(([name]) => name)

t.test('metric names follow the Prometheus conventions', async t => {
  t.ok(types.size > 15)
  for (const [name, type] of types) {
    t.match(name, /^mesh_guard_[a-z_]+$/)
    t.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
    if (type === 'histogram') t.match(name, /_(seconds|bytes)$/)
  }
})

/** Unbalanced brackets and unknown words of a PromQL expression; not a parser. */
function errorsIn(expr: string): readonly string[] {
  const bare = expr.replace(/"[^"]*"/g, '').replace(/\{[^{}]*\}|\[\d+[smhd]\]/g, '')
  const unnested = (text: string): string => {
    const next = text.replace(/\([^()]*\)/g, '')
    return next === text ? text : unnested(next)
  }
  const functions = [...bare.matchAll(/([a-z_]\w*)\s*\(/g)].map(([, name = '']) => name)
  const labels = new Set(
    [...bare.matchAll(/\b(?:by|without)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
  )
  const words = [...bare.matchAll(/[a-z_]\w*/g)].map(([word]) => word)
  return [
    ...(/[()[\]{}"]/.test(unnested(bare)) ? ['brackets'] : []),
    ...functions.filter(name => ![...FUNCTIONS, ...KEYWORDS].includes(name)),
    ...words.filter(word => ![...FUNCTIONS, ...KEYWORDS, ...labels].includes(word) && !isMetric(word))
  ]
}

t.test('errorsIn finds invalid expressions', async t => {
  for (const [expr, errors] of [
    ['mesh_guard_ready == 0', []],
    ['mesh_guard_ready{a="b"} == 0 or (absent(mesh_guard_ready)', ['brackets']],
    ['rate(mesh_guard_rejected_requests_total[5m] > 0', ['brackets']],
    ['mesh_guard_redy == 0', ['mesh_guard_redy']],
    ['sun by (reason) (rate(mesh_guard_rejected_requests_total[5m])) > 0', ['sun']],
    ['tiem() > 0', ['tiem', 'tiem']]
  ] as const) {
    t.same(errorsIn(expr), errors, expr)
  }
})

t.test('each alert queries existing metrics and has a runbook', async t => {
  t.same(alerts.map(({ alert }) => `${alert}.md`).sort(), pages.toSorted(), 'each runbook has an alert')
  for (const { alert, expr, labels, annotations } of alerts) {
    t.same(errorsIn(expr), [], `${alert}: ${expr}`)
    t.ok(namesIn(expr).length > 0, alert)
    for (const [, name, label, value] of expr.matchAll(/(\w+)\{(\w+)="([^"]*)"\}/g)) {
      t.match(text, new RegExp(`^${name}\\{.*${label}="${value}"`, 'm'), alert)
    }
    t.match(labels.severity, /^(critical|warning|info)$/, alert)
    const url = `${SITE}runbooks/${alert}`
    t.match(annotations, { summary: /./, description: /\.$/, runbook_url: url }, alert)
  }
})

t.test('each runbook has the same sections and names existing metrics', async t => {
  for (const page of pages) {
    const text = readFileSync(join(root, 'docs/runbooks', page), 'utf8')
    const headings = [...text.matchAll(/^#+ .*$/gm)].map(([heading]) => heading)
    t.same(headings, [`# ${page.replace('.md', '')}`, '## Meaning', '## Impact', '## Diagnosis', '## Mitigation'])
    for (const name of namesIn(text)) t.ok(isMetric(name), `${page}: ${name}`)
  }
})
