import t from 'tap'
import { matches, matchesAnywhere, matchesPath } from '../../src/model/pattern.ts'

t.test('patterns of policies', async t => {
  for (const [pattern, value, expected] of [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a*', 'ab', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['*', 'a', true],
    ['*', '', false]
  ] as const) {
    t.equal(matches(pattern, value), expected, `${pattern} and ${value}`)
  }
})

t.test('patterns of paths', async t => {
  for (const [pattern, path, expected] of [
    ['/v1/*', '/v1/models', true],
    ['/v1/models/{*}:predict', '/v1/models/a:predict', true],
    ['/v1/models/{*}:predict', '/v1/models/a/b:predict', false],
    ['/v1/{*}/b', '/v1//b', false],
    ['/v1/{**}/b', '/v1/a/a/b', true],
    ['/v1/{**}', '/v1/', true],
    ['/v1.{*}', '/v1xa', false]
  ] as const) {
    t.equal(matchesPath(pattern, path), expected, `${pattern} and ${path}`)
  }
})

t.test('a star in any place', async t => {
  t.ok(matchesAnywhere('a*c', 'abc'))
  t.ok(matchesAnywhere('*', ''))
  t.notOk(matchesAnywhere('a.c', 'abc'))
  t.notOk(matchesAnywhere('a*c', 'abcd'))
})
