import t from 'tap'
import { patternParts } from '../../src/report/pattern-parts.ts'

t.test('beginnings and ends of words that patterns match', async t => {
  for (const [name, value, prefixes, suffixes] of [
    ['no pattern', { host: 'iris.user1.svc' }, [], []],
    ['wildcards', ['iris*', '*-user1', '*user2'], ['iris'], ['user2']],
    ['the last word of a prefix', { prefix: 'iris.user1' }, ['user1'], []],
    ['whole words of a regular expression', { regex: '^iris\\.user1(\\.svc)?(?::\\d{1,5})?$' }, [], []],
    [
      'parts of words in a regular expression',
      { regex: 'iris.*|[a-z]+user1' },
      ['a', 'iris', 'user1', 'z'],
      ['a', 'iris', 'user1', 'z']
    ]
  ] as const) {
    const parts = patternParts(value)
    t.same([parts.prefixes, parts.suffixes], [prefixes, suffixes], name)
  }
})
