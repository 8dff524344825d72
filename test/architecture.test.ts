import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

const src = join(import.meta.dirname, '../src')

/** What each folder may import: the table of src/README.md. */
const MAY = new Map(
  [...readFileSync(join(src, 'README.md'), 'utf8').matchAll(/^\| `([\w.]+)` \|[^|]*\|([^|]*)\|$/gm)].map(
    ([, folder = '', imports = '']) => [folder, [...imports.matchAll(/`([\w.]+)`/g)].map(([, name]) => name)] as const
  )
)
const IO = /^node:(?!util$)/
const PURE = ['model', 'rules', 'mutations', 'engine', 'report']

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
const folderOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '.')
const importsOf = (file: string) =>
  [...readFileSync(join(src, file), 'utf8').matchAll(/(?:from|import) '([^']+)'/g)].map(([, name = '']) => name)

t.test('folders import what they may', async t => {
  t.same([...MAY.keys()].sort(), [...new Set(files.map(folderOf))].sort(), 'each folder has a row')
  for (const file of files) {
    const folder = folderOf(file)
    for (const name of importsOf(file)) {
      if (name === '../../package.json') continue
      if (!name.startsWith('.')) {
        t.notOk(PURE.includes(folder) && IO.test(name), `${file} does no I/O (${name})`)
        continue
      }
      const to = folderOf(relative(src, join(src, dirname(file), name)))
      t.ok(to === folder || MAY.get(folder)?.includes(to), `${file} imports ${name}`)
    }
  }
})

t.test('one file reads the environment, and one ends the process', async t => {
  const using = (word: string) => files.filter(file => readFileSync(join(src, file), 'utf8').includes(word))
  t.same(using('process.env'), ['environment.ts'])
  t.same(using('process.exit'), ['main.ts'])
})

t.test('no file imports itself by way of others', async t => {
  const valuesOf = (file: string) =>
    [...readFileSync(join(src, file), 'utf8').matchAll(/^import (?!type)[^']*'(\.[^']+\.ts)'/gm)].map(([, name = '']) =>
      relative(src, join(src, dirname(file), name))
    )
  const edges = new Map(files.map(file => [file, valuesOf(file)]))
  const free = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) t.fail(`a circle: ${[...path, file].join(' -> ')}`)
    else if (!free.has(file)) for (const to of edges.get(file) ?? []) visit(to, [...path, file])
    free.add(file)
  }
  for (const file of files) visit(file, [])
  t.equal(free.size, files.length)
  t.same(edges.get('main.ts'), ['cli/program.ts'], 'the imports are seen')
})
