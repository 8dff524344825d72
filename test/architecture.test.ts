import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

const src = join(import.meta.dirname, '../src')
const MANIFEST = /package\.json$/
/** Utilities and hash functions do no I/O. */
const IO = /^node:(?!util$|crypto$)/
const ASYNC = /\basync\b|\bawait\b|\bPromise\b/
const CLOCK = /\bDate\.now\b|\bnew Date\(\)|\bperformance\b/

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
const textOf = (file: string) => readFileSync(join(src, file), 'utf8')
/** Modules that a file imports, for values or for types. */
const importsOf = (file: string) =>
  [...textOf(file).matchAll(/(?:from|import|import\() ?'([^']+)'/g)].map(([, name = '']) => name)
const isOwn = (name: string) => name.startsWith('.') && !MANIFEST.test(name)
const targetOf = (file: string, name: string) => relative(src, join(src, dirname(file), name))

const rows = [...readFileSync(join(src, 'README.md'), 'utf8').matchAll(/^\| `([\w./-]+)` \|[^|]*\|([^|]*)\|$/gm)].map(
  ([, folder = '', imports = '']) => {
    const [allowed = '', excluded = ''] = imports.split(' but ')
    const namesIn = (text: string) => [...text.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name)
    return { folder, isAllAbove: /\babove\b/.test(allowed), named: namesIn(allowed), excluded: namesIn(excluded) }
  }
)
/** Allowed imports of each folder, from the table in src/README.md. */
const ALLOWED = new Map(
  rows.map(({ folder, isAllAbove, named, excluded }, at) => {
    const above = isAllAbove ? rows.slice(0, at).map(row => row.folder) : []
    return [folder, new Set([folder, ...above, ...named].filter(name => !excluded.includes(name)))]
  })
)
/** Folders before `sources` in the table, and those of `report`. */
const PURE = [
  ...rows
    .map(({ folder }) => folder)
    .slice(
      0,
      rows.findIndex(({ folder }) => folder === 'sources')
    ),
  'report',
  'report/html',
  'report/html/browser'
]

t.test('folders import only allowed folders', async t => {
  t.same([...ALLOWED.keys()].sort(), [...new Set(files.map(dirname))].sort(), 'each folder has a row')
  for (const file of files) {
    for (const name of importsOf(file).filter(isOwn)) {
      t.ok(ALLOWED.get(dirname(file))?.has(dirname(targetOf(file, name))), `${file} imports ${name}`)
    }
  }
})

t.test('pure folders do no I/O, are synchronous and read no clock', async t => {
  for (const file of files.filter(file => PURE.includes(dirname(file)))) {
    t.same(
      importsOf(file).filter(name => IO.test(name)),
      [],
      file
    )
    t.notMatch(textOf(file), ASYNC, file)
    t.notMatch(textOf(file), CLOCK, file)
  }
})

t.test('only environment.ts reads the environment, and only main.ts ends the process', async t => {
  const using = (word: string) => files.filter(file => textOf(file).includes(word))
  t.same(using('process.env'), ['environment.ts'])
  t.same(using('process.exit'), ['main.ts'])
})

t.test('there are no import cycles, including types', async t => {
  const edges = new Map(
    files.map(file => [
      file,
      importsOf(file)
        .filter(isOwn)
        .map(name => targetOf(file, name))
    ])
  )
  const visited = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) t.fail(`import cycle: ${[...path, file].join(' -> ')}`)
    else if (!visited.has(file)) for (const to of edges.get(file) ?? []) visit(to, [...path, file])
    visited.add(file)
  }
  for (const file of files) visit(file, [])
  t.equal(visited.size, files.length)
  t.same(
    edges.get('main.ts'),
    ['environment.ts', 'node-version.ts', 'program-files.ts', 'cli/program.ts', 'cli/terminal.ts'],
    'imports are found'
  )
})

t.test('references to upstream code name a version', async t => {
  const REFERENCE = /@see (istio|knative \w+|kserve|net-istio|kubernetes|envoy) (?!\d+\.\d+ )/
  for (const file of files) t.notMatch(textOf(file), REFERENCE, file)
  t.match('@see istio pilot/pkg', REFERENCE, 'a reference without a version is found')
})
