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

// As Envoy's regular expressions for these templates answer, which RE2 matches against the whole path.
t.test('patterns of paths', async t => {
  for (const [pattern, path, expected] of [
    ['/v1/*', '/v1/models', true],
    ['/v1/models/{*}:predict', '/v1/models/a:predict', true],
    ['/v1/models/{*}:predict', '/v1/models/a/b:predict', false],
    ['/v1/{*}/b', '/v1//b', false],
    ['/{*}/{*}', '/aa/bb', true],
    ['/{*}/{*}', '/aa', false],
    ['/{*}/{*}', '/aa/bb/', false],
    ['/{*}/a/{**}', '/b/a/c/d', true],
    ['/v1/{**}/b', '/v1/a/a/b', true],
    ['/v1/{**}/b', '/v1/b', false],
    ['/v1/{**}/b', '/v1//b', true],
    ['/v1/{**}/b/c', '/v1/b/c/b/c', true],
    ['/v1/{**}', '/v1/', true],
    ['/v1/{**}', '/v1', false],
    ['/{**}.json', '/a/b.json', true],
    ['/{**}.json', '/a/b.json/c', false],
    ['/v1.{*}', '/v1xa', false]
  ] as const) {
    t.equal(matchesPath(pattern, path), expected, `${pattern} and ${path}`)
  }
})

t.test('a star in any place', async t => {
  for (const [pattern, value, expected] of [
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'abcd', false],
    ['a*c', 'babc', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*c*b', 'a-b-c', false],
    ['aa*aa', 'aaa', false],
    ['a*a*a', 'aa', false],
    ['*', '', true],
    ['**', 'a', true],
    ['a.c', 'abc', false],
    ['abc', 'abc', true]
  ] as const) {
    t.equal(matchesAnywhere(pattern, value), expected, `${pattern} and ${value}`)
  }
})

t.test('long patterns end soon', async t => {
  const times = 100_000
  const path = `/v1/models/${'a'.repeat(63)}:predict`
  const started = performance.now()
  for (const part of ['{**}', '{*}', '{**}a', '{**}{*}', '{*}/']) {
    t.notOk(matchesPath(`/${part.repeat(times)}x`, path), part)
  }
  for (const part of ['*', 'a*', '*a']) t.notOk(matchesAnywhere(`*${part.repeat(times)}x`, path), part)
  t.notOk(matchesAnywhere('*a*a*a*a*a*a*a*a*b', 'a'.repeat(times)), 'a long value')
  t.ok(performance.now() - started < 2_000)
})
