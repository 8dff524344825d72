/** Documentation, chart, examples and scripts use the terms of Kubernetes, Istio and Knative. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const FOLDERS = ['charts', 'docs', 'examples', 'scripts']
const FILES = [
  '.ci/run',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'Dockerfile',
  'README.md',
  'SECURITY.md',
  'src/config.ts',
  'src/config-schema.ts'
]
/** Generated from the rule pages. */
const GENERATED = 'docs/rules.md'
/** The soak test and the benchmarks. */
const OTHERS = /^scripts\/(soak|bench)/

/** Everyday words and metaphors that replace a term. */
const WORDS = [
  'nobody',
  'whoever',
  'whom',
  'anew',
  'mend',
  'likeness',
  'kin',
  'shelf',
  'patience',
  'farewell',
  'excuse',
  'naked',
  'the way of',
  'goes by',
  'told of',
  'stands in',
  'lies in',
  'meets plain'
]
const FOREIGN = new RegExp(`\\b(${WORDS.join('|')}|takes [^.|]* alone)\\b`, 'i')

const files = FOLDERS.flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
)

for (const file of [...FILES, ...files]) {
  if (file === GENERATED || OTHERS.test(file)) continue
  t.test(file, async t => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    t.same(
      lines.filter(line => FOREIGN.test(line)),
      []
    )
  })
}
