import t from 'tap'
import { matchesRegex, replaceRegex } from '../../src/text/regex.ts'

t.test('a regular expression matches a whole text', async t => {
  for (const [pattern, text, expected] of [
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a.*', 'abc', true],
    ['^a$', 'a', true],
    ['', '', true],
    ['', 'a', false],
    ['*', 'a', false],
    ['(?=a)', 'a', false],
    ['a'.repeat(1024), 'a'.repeat(1024), true],
    ['a'.repeat(1025), 'a'.repeat(1025), false]
  ] as const) {
    t.equal(matchesRegex(pattern, text), expected, pattern.slice(0, 20))
  }
})

t.test('all matches are replaced', async t => {
  for (const [text, pattern, replacement, expected] of [
    ['/a/b/a', 'a', 'c', '/c/b/c'],
    ['/a/b', '^/(\\w)/(\\w)$', '/\\2/\\1', '/b/a'],
    ['/a', '/(a)', '\\0\\0', '/a/a'],
    ['/a', '/(a)|(b)', '[\\2]', '[]'],
    ['/a', '/a', '$1$&', '$1$&'],
    ['/a', '*', 'b', '/a']
  ] as const) {
    t.equal(replaceRegex(text, pattern, replacement), expected, `${pattern} -> ${replacement}`)
  }
})

t.test('expressions are compiled again once 1000 others were used', async t => {
  for (let at = 0; at < 1100; at += 1) t.ok(matchesRegex(`a${at}`, `a${at}`))
  t.ok(matchesRegex('a0', 'a0'))
})
