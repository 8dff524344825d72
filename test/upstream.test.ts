import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import { reportOf } from '../src/cli/audit.ts'
import { checkChanges } from '../src/cli/check.ts'
import { toClusterState } from '../src/cli/cluster-state.ts'
import { loadConfig } from '../src/cli/command.ts'
import { policyAt } from '../src/engine/to-findings.ts'
import { readFiles } from '../src/sources/files.ts'
import { getOrAdd } from '../src/state/map.ts'
import { type Document, readDocuments } from './support/upstream.ts'

/** Rules that may deny upstream manifests. */
const DENYING_RULES = ['strict-mesh-plain-local-gateway', 'policy-denies-request-path', 'address-not-published']
const EXPECTED = 'warnings.yaml'
const LLM = 'LLMInferenceService'

const folder = join(import.meta.dirname, 'upstream')
const config = loadConfig(undefined)
const stock = readFiles([join(import.meta.dirname, '../examples/cluster')])
const cluster = toClusterState(stock, config)

const names = readdirSync(folder).filter(name => name.endsWith('.yaml') && name !== EXPECTED)
const documents = names.flatMap(name => readDocuments(join(folder, name)))
const manifests = documents.map(({ manifest }) => manifest)

const expectations = z.array(
  z.strictObject({
    document: z.string(),
    rules: z.record(z.string(), z.enum(['warn', 'deny'])),
    why: z.string().min(1)
  })
)
const expected = expectations.parse(parse(readFileSync(join(folder, EXPECTED), 'utf8')))

interface Warning {
  /** Document, mode and rule. */
  readonly what: string
  readonly message: string
}

/** Findings and notes of applying a file to the example cluster, document by document. */
function warningsOf(file: readonly Document[]): readonly Warning[] {
  const { steps, notEvaluated } = checkChanges(
    file.map(({ manifest }) => manifest),
    cluster,
    config,
    false
  )
  return [
    ...steps.flatMap(({ findings, notes }, i) => [
      ...findings.map(({ rule, mode, message }) => ({ what: `${file[i]?.id}: ${mode} ${rule}`, message })),
      ...notes.map(message => ({ what: `${file[i]?.id}: warn not-injected`, message }))
    ]),
    ...notEvaluated.map(({ rule, reason }) => ({
      what: `${file[0]?.id}: warn ${rule}`,
      message: `not evaluated: ${reason}`
    }))
  ]
}

t.test('each file causes only the findings in warnings.yaml', async t => {
  const listed = expected.flatMap(({ document, rules }) =>
    Object.entries(rules).map(([rule, mode]) => `${document}: ${mode} ${rule}`)
  )
  const files = new Map<string, Document[]>()
  for (const document of documents) getOrAdd(files, document.origin, (): Document[] => []).push(document)
  const actual = [...files.values()].flatMap(warningsOf)
  // No LLMInferenceService is evaluated, and none is admitted without saying so.
  const llm = [...files.values()].filter(file => file.some(({ manifest }) => manifest.ref.kind === LLM))
  listed.push(...llm.map(([first]) => `${first?.id}: warn paths`))
  for (const { what, message } of actual) if (!listed.includes(what)) t.fail(`not in ${EXPECTED}: ${what}: ${message}`)
  for (const one of listed)
    if (!actual.some(({ what }) => what === one)) t.fail(`in ${EXPECTED}, but not found: ${one}`)
})

t.test('only the listed rules deny', async t => {
  const denying = expected.flatMap(({ rules }) => Object.keys(rules).filter(rule => rules[rule] === 'deny'))
  t.same([...new Set(denying)], DENYING_RULES)
})

t.test('all documents are evaluated together as one state', async t => {
  const reasons = (state: typeof manifests) =>
    reportOf(toClusterState(state, config).state, state, policyAt(config, Date.now())).notEvaluated.map(
      ({ reason }) => reason
    )
  const llm = /: LLMInferenceServices are not modeled at gateway->pod$/
  t.match(reasons(manifests), [llm, /has no Istio gateway pods/])
  t.match(reasons([...stock, ...manifests]), [llm])
  t.equal(reasons([...stock, ...manifests]).length, 1)
})

t.test('document ids are unique, and there is no Secret', async t => {
  t.equal(new Set(documents.map(({ id }) => id)).size, documents.length)
  t.same(
    documents.filter(({ manifest }) => manifest.ref.kind === 'Secret').map(({ id }) => id),
    []
  )
})

t.test('README.md lists each file', async t => {
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of names) t.match(page, `\`${name}\``)
})
