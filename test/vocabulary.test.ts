/** Code, documentation, chart, scripts and tests use the terms of Kubernetes, Istio and Knative. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const FOLDERS = ['.ci', '.github', 'certs', 'charts', 'docs', 'examples', 'scripts', 'src', 'test']
const FILES = [
  '.pre-commit-hooks.yaml',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'Dockerfile',
  'README.md',
  'SECURITY.md',
  'package.json'
]
/** This list, data of other origin, and its file names. */
const EXCLUDED = /^test\/(vocabulary\.test\.ts|scenarios|upstream|conformance|chart|e2e\/(crds|.*\.(sum|mod)$))/
const TEXT = /\.(ts|md|ya?ml|json|tpl|txt)$|^[^.]*$|run$/

/** Words of daily life where a term exists, and metaphors. */
const WORDS = [
  'nobody',
  'whoever',
  'whom',
  'anew',
  'mends?',
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
  'meets plain',
  'takes [^.|]* alone'
]
const FOREIGN = new RegExp(`\\b(${WORDS.join('|')})\\b`, 'i')
/** The same at the start of an identifier. */
const IDENTIFIER = /(?<![A-Za-z])(naked|kin|shelf|farewell|likeness|excuse|patience)(?=[A-Z])/
const isForeign = (line: string) => FOREIGN.test(line) || IDENTIFIER.test(line)

const files = FOLDERS.flatMap(folder =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
).filter(file => TEXT.test(file) && !EXCLUDED.test(file))

t.test('the list is applied', async t => {
  for (const line of ['allowed as nobody', 'takes plain HTTP alone', 'const nakedPods = []'])
    t.ok(isForeign(line), line)
  t.notOk(isForeign('kindName takes effect on the path of a request'))
})

for (const file of [...FILES, ...files]) {
  t.test(file, async t => {
    t.notOk(isForeign(file), 'file name')
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    t.same(lines.filter(isForeign), [])
  })
}
