import t from 'tap'
import { candidatesFor } from '../../src/istio/pattern-list.ts'
import { matches, matchesPath } from '../../src/text/pattern.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'

const PATTERNS = ['a', 'ab', 'a*', 'ab*', 'abc*', '*b', '*ab', '*', 'c', 'c*', '/{*}', '/v1/{**}/b', '/v1/*', '{*', '']

t.test('candidates of a list are the patterns that match, and those with templates', async t => {
  for (const [text, expected] of [
    ['ab', ['*', '*ab', '*b', 'a*', 'ab', 'ab*']],
    ['a', ['*', 'a', 'a*']],
    ['b', ['*', '*b']],
    ['', ['', '*']],
    ['/v1/a', ['*', '/v1/*']]
  ] as const) {
    t.same([...candidatesFor(PATTERNS)(text)].sort(), [...expected, '/v1/{**}/b', '/{*}'].sort(), text)
  }
})

t.test('no pattern that matches is left out, of short and long lists', async t => {
  const texts = ['', 'a', 'ab', 'abc', 'cab', '/v1/x/b', '/v1', '*', '*b', '{*', '/{*}']
  for (const patterns of [PATTERNS, PATTERNS.slice(0, 3)]) {
    for (const text of texts) {
      for (const isMatch of [matches, matchesPath]) {
        const expected = patterns.filter(pattern => isMatch(pattern, text))
        const found = candidatesFor(patterns)(text).filter(pattern => isMatch(pattern, text))
        t.same(new Set(found), new Set(expected), `${text} of ${patterns.length}`)
      }
    }
  }
})

t.test('time does not grow with the number of patterns', async t => {
  const find = candidatesFor(Array.from({ length: 60_000 }, (_, i) => `/v1/models/${i}*`))
  find('/')
  t.ok(cpuTimeMs(() => Array.from({ length: 2_000 }, (_, i) => find(`/v1/models/${i}:predict`))) < 1_000)
})
