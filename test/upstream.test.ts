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
import type { Manifest } from '../src/sources/yaml.ts'
import { getOrAdd } from '../src/state/map.ts'
import { nameOf } from '../src/state/resource.ts'

/** What may deny what is published: the rule that was asked for by name, and a guide that says itself that it cuts. */
const DENYING = ['strict-mesh-plain-local-gateway', 'policy-denies-request-path']
const EXPECTED = 'warnings.yaml'

const folder = join(import.meta.dirname, 'upstream')
const config = loadConfig(undefined)
const stock = readFiles([join(import.meta.dirname, '../examples/cluster')])
const cluster = toClusterState(stock, config)

interface Document {
  /** Repository and path of the file that it comes from. */
  readonly origin: string
  /** The same with kind, namespace and name. */
  readonly id: string
  readonly manifest: Manifest
}

const names = readdirSync(folder).filter(name => name.endsWith('.yaml') && name !== EXPECTED)
const documents = names.flatMap(name => readDocuments(join(folder, name)))
const manifests = documents.map(({ manifest }) => manifest)

/** The comment above each document says where it comes from. */
function readDocuments(file: string): readonly Document[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return readFiles([file]).map(manifest => {
    const { line } = manifest.source
    const [, origin] = /^# (\S+\/\S+ \S+)$/.exec(lines[line - 2] ?? '') ?? []
    if (origin === undefined) throw new Error(`${file}:${line}: the comment above does not say: # <repository> <path>`)
    return { origin, id: `${origin} ${nameOf(manifest.ref)}`, manifest }
  })
}

const expectations = z.array(
  z.strictObject({
    document: z.string(),
    rules: z.record(z.string(), z.enum(['warn', 'deny'])),
    why: z.string().min(1)
  })
)
const expected = expectations.parse(parse(readFileSync(join(folder, EXPECTED), 'utf8')))

interface Said {
  /** Document, mode and rule. */
  readonly what: string
  readonly message: string
}

/** What admission tells whoever applies a file to the stock installation, document by document. */
function said(file: readonly Document[]): readonly Said[] {
  const { steps, skipped } = checkChanges(
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
    ...skipped.map(({ rule, reason }) => ({
      what: `${file[0]?.id}: warn ${rule}`,
      message: `not evaluated: ${reason}`
    }))
  ]
}

t.test('each file, applied alone: nothing is denied or warned of that the table does not argue for', async t => {
  const due = expected.flatMap(({ document, rules }) =>
    Object.entries(rules).map(([rule, mode]) => `${document}: ${mode} ${rule}`)
  )
  const files = new Map<string, Document[]>()
  for (const document of documents) getOrAdd(files, document.origin, (): Document[] => []).push(document)
  const come = [...files.values()].flatMap(said)
  for (const { what, message } of come) if (!due.includes(what)) t.fail(`not in ${EXPECTED}: ${what}: ${message}`)
  for (const one of due) if (!come.some(({ what }) => what === one)) t.fail(`in ${EXPECTED}, but not said: ${one}`)
})

t.test('the table lets no other rules deny', async t => {
  const denying = expected.flatMap(({ rules }) => Object.keys(rules).filter(rule => rules[rule] === 'deny'))
  t.same([...new Set(denying)], DENYING)
})

t.test('all documents at once, as a state: each is evaluated', async t => {
  for (const state of [manifests, [...stock, ...manifests]])
    t.same(reportOf(toClusterState(state, config).state, state, policyAt(config, Date.now())).skipped, [])
})

t.test('each document can be told from the others, and none holds a secret', async t => {
  t.equal(new Set(documents.map(({ id }) => id)).size, documents.length)
  t.same(
    documents.filter(({ manifest }) => manifest.ref.kind === 'Secret').map(({ id }) => id),
    []
  )
})

t.test('the page names each file', async t => {
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of names) t.match(page, `\`${name}\``)
})
