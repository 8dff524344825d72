import t from 'tap'
import { coversHost, HostPatterns, mostSpecific, toFullName } from '../../src/text/host.ts'

t.test('a wildcard host covers hosts with its suffix', async t => {
  for (const [pattern, name, covered] of [
    ['a.b', 'a.b', true],
    ['a.b', 'x.a.b', false],
    ['*', 'anything', true],
    ['*.local', 'a.svc.cluster.local', true],
    ['*.local', 'local', false],
    ['*.b', 'ab', false]
  ] as const) {
    t.equal(coversHost(pattern, name), covered, `${pattern} ${name}`)
  }
})

t.test('indexed patterns cover and overlap what one of them does', async t => {
  const texts = ['', '*', 'a', 'ab', 'a.b', '*b', '*.b', '*a.b', '*.a.b', 'x.a.b', 'b', '*.ab', '*.c']
  const overlap = (one: string, other: string) =>
    coversHost(one, other) || (other.startsWith('*') && coversHost(other, one))
  for (const one of texts) {
    for (const other of texts) {
      const patterns = new HostPatterns([one, other])
      for (const name of texts) {
        const what = `${one} ${other} ${name}`
        t.equal(patterns.covers(name), coversHost(one, name) || coversHost(other, name), what)
        t.equal(patterns.overlaps(name), overlap(one, name) || overlap(other, name), what)
      }
    }
  }
})

t.test('the most specific host takes precedence', async t => {
  const entries = new Map([
    ['*', 'all'],
    ['*.local', 'local'],
    ['*.svc.cluster.local', 'services'],
    ['a.b.svc.cluster.local', 'exact']
  ])
  t.equal(mostSpecific(entries, 'a.b.svc.cluster.local'), 'exact')
  t.equal(mostSpecific(entries, 'x.b.svc.cluster.local'), 'services')
  t.equal(mostSpecific(entries, 'x.local'), 'local')
  t.equal(mostSpecific(entries, 'example.com'), 'all')
  t.equal(mostSpecific(new Map([['a', 1]]), 'b'), undefined)
})

t.test('short host names resolve in the namespace', async t => {
  t.equal(toFullName('a', 'ns', 'cluster.local'), 'a.ns.svc.cluster.local')
  t.equal(toFullName('a.other', 'ns', 'cluster.local'), 'a.other')
  t.equal(toFullName('*', 'ns', 'cluster.local'), '*')
})
