import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findRegularExpressions, whyNotLinear } from './support/regular-expressions.ts'

const src = join(import.meta.dirname, '../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))

t.test('every regular expression in src is linear', async t => {
  let count = 0
  for (const file of files) {
    const { literals, dynamic } = findRegularExpressions(readFileSync(join(src, file), 'utf8'))
    t.same(dynamic, [], `${file} builds no regular expression from text`)
    for (const { line, source, flags } of literals) {
      t.equal(whyNotLinear({ source, flags }), undefined, `${file}:${line}: /${source}/${flags}`)
      count += 1
    }
  }
  t.ok(count > 20, 'regular expressions are found')
})

t.test('whyNotLinear finds regular expressions that are not linear', async t => {
  for (const [literal, complexity] of [
    ['/^(a+)+$/', 'exponential'],
    ['/^(a|a)*$/', 'exponential'],
    ['/^(a|b|ab)*c$/', 'exponential'],
    ['/^a*a*$/', '2nd degree polynomial'],
    ['/a.*b.*c/', '3rd degree polynomial'],
    ['/\\d+x/', '2nd degree polynomial'],
    ['/-.*$/', '2nd degree polynomial'],
    ['/\\[([^\\]]*)\\]/g', '2nd degree polynomial'],
    ['/^\\d+(_\\d+)*\\.?(\\d+(_\\d+)*)?$/i', '2nd degree polynomial'],
    ['/^[^/]+\\/.*$/', undefined],
    ['/^(.+):(\\d+)$/', undefined],
    ['/\\s+/g', undefined]
  ] as const) {
    const [found, ...others] = findRegularExpressions(`const a: RegExp = ${literal}\n`).literals
    t.ok(found !== undefined && others.length === 0, `${literal} is a literal`)
    t.equal(found && whyNotLinear(found), complexity, literal)
  }
})

t.test('regular expression literals are distinguished from division and strings', async t => {
  const text = `
type Pattern = RegExp
const half = (a: number, b: number): number => a / b / 2
const text = '/no/' + \`\${half(4, 1)} /no/ \${/yes/u.test('/no/')}\` // /no/
const made = new RegExp(text)
const called = RegExp('a').test(text)
`
  t.same(findRegularExpressions(text), { literals: [{ line: 4, source: 'yes', flags: 'u' }], dynamic: [5, 6] })
})
