import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { ExpressionIndex } from '../../src/subject/expression-index.ts'
import { matchesRegex } from '../../src/text/regex.ts'
import { property } from '../support/property.ts'

/** What names share: `none` no text with one of them matches, `same` all match on the same texts, `distinct` they may not. */
for (const [expression, names, expected] of [
  ['/api/v\\d+/x', ['iris', 'model-1'], 'none'],
  ['/api/v\\d+/x', ['iris', 'v1'], 'distinct'],
  ['/v1/models/[a-z-]+:predict', ['iris', 'cats'], 'same'],
  ['/v1/models/[a-z-]+:predict', ['iris', 'model-1'], 'distinct'],
  ['/v1/models/model-.', ['model-1', 'model-2'], 'same'],
  ['/v1/models/model-.', ['model-1', 'model-10'], 'distinct'],
  ['/v1/models/(a|b)c', ['ac', 'bc'], 'same'],
  ['/v1/models/(a|b)c', ['ac', 'a1c'], 'distinct'],
  ['^iris\\.user1(\\.svc)?(?::\\d{1,5})?$', ['model', 'other'], 'none'],
  ['^iris\\.user1(\\.svc)?(?::\\d{1,5})?$', ['model', 'iris'], 'distinct'],
  ['.*', ['iris', 'model'], 'same'],
  ['(1a|2b)c', ['a', 'b'], 'distinct'],
  ['(a|aa|a)*', ['a'.repeat(60), 'a'.repeat(59)], 'same'],
  ['(?i)IRIS', ['iris', 'model'], 'distinct'],
  ['(^iris|x)+', ['iris', 'model'], 'distinct'],
  ['x(^iris)?', ['iris', 'model'], 'none'],
  ['iris$', ['iris', 'model'], 'distinct'],
  ['iri$s', ['iri', 'irix'], 'distinct'],
  ['iri$s', ['iris', 'model'], 'none'],
  ['((', ['iris', 'model'], 'none']
] as const) {
  t.test(`${expression} and ${names.join(', ')}: ${expected}`, async t => {
    const index = new ExpressionIndex([expression])
    const relations = new Set(names.map(name => index.relationOf(name)))
    t.notOk(relations.has(names[0]))
    t.equal(relations.has('') && relations.size === 1, expected === 'none')
    t.equal(relations.size > 1, expected === 'distinct')
  })
}

t.test('names are distinct if it is not known, or takes too long to find out, what expressions match on', async t => {
  const wide = `(${Array.from({ length: 90 }, (_, i) => `[a-m]{${i % 9}}`).join('|')})*`
  for (const [name, expressions] of [
    ['word boundaries', ['\\biris', 'x']],
    ['many expressions', Array.from({ length: 60_000 }, (_, i) => `a${i}(b)`)],
    ['expressions with many transitions', Array.from({ length: 20 }, (_, i) => `${i}${wide}`)]
  ] as const) {
    const started = process.cpuUsage()
    const index = new ExpressionIndex(expressions)
    t.same(
      ['edge-abc', 'bbb'].map(one => index.relationOf(one)),
      ['edge-abc', 'bbb'],
      name
    )
    t.ok(process.cpuUsage(started).user < 1_000_000, name)
  }
  t.equal(new ExpressionIndex([]).relationOf('iris'), '')
})

const part = fc.constantFrom('a', 'b', 'ab', '-', '\\.', '.', '.*', '[a-b]', '[^a]', '\\d', '\\w', '^', '$', '/')
const quantifier = fc.constantFrom('', '', '', '?', '*', '+', '{1,2}')
const { expression } = fc.letrec<{ expression: string }>(tie => ({
  expression: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(part, quantifier).map(([one, times]) => (/^[\^$]$|\*$/.test(one) ? one : `${one}${times}`)),
    fc.tuple(tie('expression'), tie('expression')).map(parts => parts.join('')),
    fc.tuple(tie('expression'), tie('expression'), quantifier).map(([one, other, times]) => `(${one}|${other})${times}`)
  )
}))
const name = fc.stringMatching(/^[ab][ab1-]{0,3}[ab1]$/)
const context = fc.constantFrom('', '/', 'a', '.a', 'b.', '1', '-a', '/a/')

property(
  t,
  'names with equal relations have equal results in every text',
  fc.tuple(fc.array(expression, { minLength: 1, maxLength: 3 }), fc.array(name, { minLength: 2 }), context, context),
  500,
  ([expressions, names, before, after]) => {
    const index = new ExpressionIndex(expressions)
    const resultsOf = (one: string) => expressions.map(each => matchesRegex(each, `${before}${one}${after}`))
    const byRelation = Map.groupBy(names, one => index.relationOf(one))
    for (const [relation, [first = '', ...others]] of byRelation) {
      if (relation === '') deepStrictEqual(resultsOf(first).includes(true), false, first)
      for (const other of others) deepStrictEqual(resultsOf(other), resultsOf(first), `${first} and ${other}`)
    }
  }
)
