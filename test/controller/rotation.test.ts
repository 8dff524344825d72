import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { DAY_MS, HOUR_MS, lifeIn, lifeOf, makeAuthority, makeLeaf } from '../../src/controller/certificate.ts'
import { advance, type Contents, isServable, type Moment, toBundle } from '../../src/controller/rotation.ts'

const EMPTY: Contents = { authorities: [], authorityKey: '', leaf: { cert: '', key: '' } }
const NAMES = ['guard.mesh-guard.svc']
const START_MS = Date.UTC(2026, 0, 1)
const at = (days: number, settled?: string): Moment => ({ nowMs: START_MS + days * DAY_MS, names: NAMES, settled })
const untilDays = (pem: string) => (lifeIn(new X509Certificate(pem)).untilMs - START_MS) / DAY_MS

const first = await advance(EMPTY, at(0))
const [authority = ''] = first.authorities

t.test('out of nothing come an authority and a leaf', async t => {
  const leaf = new X509Certificate(first.leaf.cert)
  t.equal(first.authorities.length, 1)
  t.ok(leaf.checkIssued(new X509Certificate(authority)))
  t.equal(leaf.subjectAltName, 'DNS:guard.mesh-guard.svc')
  t.match(leaf.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' })
  const { fromMs, untilMs } = lifeIn(leaf)
  t.equal(untilMs - fromMs, 90 * DAY_MS)
  t.equal(START_MS - fromMs, HOUR_MS)
  t.ok(isServable(first, at(0)))
  t.equal(await advance(first, at(0)), first, 'and then there is nothing to do')
})

t.test('a leaf is renewed at two thirds of its life, by the same authority', async t => {
  t.equal(await advance(first, at(59.9)), first)
  const next = await advance(first, at(60))
  t.not(next.leaf.cert, first.leaf.cert)
  t.same(next.authorities, first.authorities)
  t.equal(next.authorityKey, first.authorityKey)
})

t.test('an authority is changed in the order that keeps handshakes from failing', async t => {
  const old = await advance(first, at(240))
  t.same(old.authorities, [authority], 'not before two thirds of its life')
  const published = await advance(old, at(244))
  t.equal(published.authorities.length, 2)
  t.equal(published.authorities[1], authority)
  t.same(published.leaf, old.leaf, 'the leaf is still that of the old one')
  t.not(published.authorityKey, old.authorityKey)
  t.equal(await advance(published, at(250)), published, 'as long as the bundle is not settled')
  t.equal(await advance(published, at(250, toBundle(old.authorities))), published, 'nor when the old bundle is')
  const changed = await advance(published, at(250, toBundle(published.authorities)))
  t.ok(new X509Certificate(changed.leaf.cert).checkIssued(new X509Certificate(published.authorities[0] ?? '')))
  t.same(changed.authorities, published.authorities)
  t.equal(await advance(changed, at(250.9)), changed, 'other replicas may still serve the old leaf')
  const done = await advance(changed, at(251))
  t.same(done.authorities, published.authorities.slice(0, 1))
  t.same(done.leaf, changed.leaf)
})

t.test('no leaf outlives its authority', async t => {
  let contents = first
  for (let day = 0; day < 1000; day += 5) {
    contents = await advance(contents, at(day, toBundle(contents.authorities)))
    t.ok(isServable(contents, at(day)), `day ${day}`)
    const issuers = contents.authorities.filter(pem =>
      new X509Certificate(contents.leaf.cert).checkIssued(new X509Certificate(pem))
    )
    t.equal(issuers.length, 1)
    t.ok(untilDays(contents.leaf.cert) <= untilDays(issuers[0] ?? ''), `day ${day}`)
  }
})

t.test('what is of no use is replaced at once', async t => {
  const other = await advance(EMPTY, at(0))
  const { authorityKey, leaf } = other
  for (const [what, contents, moment, kept] of [
    ['a leaf that has ended', { ...first }, at(91), 1],
    ['a leaf of years to come', { ...first, leaf: await leafOf(first, 3) }, at(0), 1],
    ['a leaf for other names', first, { ...at(0), names: ['other.mesh-guard.svc'] }, 1],
    ['a leaf that is no certificate', { ...first, leaf: { ...leaf, cert: 'x' } }, at(0), 1],
    ['a key that is none', { ...first, leaf: { ...first.leaf, key: 'x' } }, at(0), 1],
    ['the key of another leaf', { ...first, leaf: { ...first.leaf, key: leaf.key } }, at(0), 1],
    ['a leaf that nobody trusted has issued', { ...first, leaf }, at(0), 1],
    ['an authority that has ended, with its leaf', first, at(366), 1],
    ['both, of years to come', first, at(-1), 1],
    ['authorities that are no certificates', { ...first, authorities: ['x', 'y'] }, at(0), 1]
  ] as const) {
    t.notOk(isServable(contents, moment), what)
    const next = await advance(contents, moment)
    t.ok(isServable(next, moment), what)
    t.equal(next.authorities.length, kept, what)
    t.equal(await advance(next, moment), next, `${what}: once`)
  }
  const lost = await advance({ ...first, authorityKey }, at(0))
  t.same(lost.authorities.slice(1), [authority], 'without its key an authority is of the past, but its leaf is good')
  t.same(lost.leaf, first.leaf)
})

async function leafOf({ authorities: [cert = ''], authorityKey }: Contents, years: number) {
  return makeLeaf({ cert, key: authorityKey }, NAMES, lifeOf(90, START_MS + years * 365 * DAY_MS))
}

t.test('each authority has a name of its own', async t => {
  const life = lifeOf(1, START_MS)
  const names = await Promise.all(
    [1, 2].map(async () => new X509Certificate((await makeAuthority('a', life)).cert).subject)
  )
  t.not(names[0], names[1])
})
