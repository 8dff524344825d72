import t from 'tap'
import { matches, matchesAnywhere, matchesPath } from '../../src/text/pattern.ts'
import { cpuTimeMs } from '../support/cpu-time.ts'

t.test('exact, prefix, suffix and presence patterns match like in Istio', async t => {
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

// Expected values from Envoy's regular expressions for these templates, which RE2 matches against the whole path.
t.test('path templates match like in Envoy', async t => {
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
    ['/v1.{*}', '/v1xa', false],
    ['/{*a}/{**}', '/{*a}/b', true],
    ['/{*a}/{**}', '/b/b', false]
  ] as const) {
    t.equal(matchesPath(pattern, path), expected, `${pattern} and ${path}`)
  }
})

t.test('wildcards match at any position', async t => {
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

t.test('long patterns are matched in bounded time', async t => {
  const times = 100_000
  const path = `/v1/models/${'a'.repeat(63)}:predict`
  for (const part of ['{**}', '{*}', '{**}a', '{**}{*}', '{*}/']) {
    const pattern = `/${part.repeat(times)}x`
    t.ok(cpuTimeMs(() => t.notOk(matchesPath(pattern, path), part)) < 2_000, part)
  }
  // etcd takes at most 1.5 MB.
  t.ok(cpuTimeMs(() => matchesPath('{**}'.repeat(375_000), path)) < 1_000, 'pattern after all offsets are reached')
  for (const [name, pattern, value] of [
    ['many wildcards', `*${'*'.repeat(times)}x`, path],
    ['many letters and wildcards', `*${'a*'.repeat(times)}x`, path],
    ['long value', '*a*a*a*a*a*a*a*a*b', 'a'.repeat(times)]
  ] as const) {
    t.ok(cpuTimeMs(() => t.notOk(matchesAnywhere(pattern, value), name)) < 2_000, name)
  }
})
