import { X509Certificate } from 'node:crypto'
import t from 'tap'
import {
  createCa,
  DAY_MS,
  HOUR_MS,
  issueServingCertificate,
  readValidity,
  validityOf
} from '../../src/controller/certificate.ts'
import {
  type CertificateSecret,
  isServable,
  type RotationContext,
  rotate,
  toBundle
} from '../../src/controller/rotation.ts'

const EMPTY: CertificateSecret = { caCertificates: [], caKey: '', serving: { cert: '', key: '' } }
const NAMES = ['guard.mesh-guard.svc']
const START_MS = Date.UTC(2026, 0, 1)
const at = (days: number, publishedBundle?: string): RotationContext => ({
  nowMs: START_MS + days * DAY_MS,
  names: NAMES,
  publishedBundle
})
const untilDays = (pem: string) => (readValidity(new X509Certificate(pem)).notAfterMs - START_MS) / DAY_MS

const first = await rotate(EMPTY, at(0))
const [ca = ''] = first.caCertificates

t.test('empty Secret gets a CA and a serving certificate', async t => {
  const serving = new X509Certificate(first.serving.cert)
  t.equal(first.caCertificates.length, 1)
  t.ok(serving.checkIssued(new X509Certificate(ca)))
  t.equal(serving.subjectAltName, 'DNS:guard.mesh-guard.svc')
  t.match(serving.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' })
  const { notBeforeMs, notAfterMs } = readValidity(serving)
  t.equal(notAfterMs - notBeforeMs, 90 * DAY_MS)
  t.equal(START_MS - notBeforeMs, HOUR_MS)
  t.ok(isServable(first, at(0)))
  t.equal(await rotate(first, at(0)), first, 'nothing is due afterwards')
})

t.test('serving certificate is renewed after two thirds of its validity, by the same CA', async t => {
  t.equal(await rotate(first, at(59.9)), first)
  const next = await rotate(first, at(60))
  t.not(next.serving.cert, first.serving.cert)
  t.same(next.caCertificates, first.caCertificates)
  t.equal(next.caKey, first.caKey)
})

t.test('CA rotation publishes, issues, then drops', async t => {
  const old = await rotate(first, at(240))
  t.same(old.caCertificates, [ca], 'not before two thirds of its validity')
  const published = await rotate(old, at(244))
  t.equal(published.caCertificates.length, 2)
  t.equal(published.caCertificates[1], ca)
  t.same(published.serving, old.serving, 'serving certificate is still of the old CA')
  t.not(published.caKey, old.caKey)
  t.equal(await rotate(published, at(250)), published, 'CA bundle is not yet published')
  t.equal(
    await rotate(published, at(250, toBundle(old.caCertificates))),
    published,
    'only the old CA bundle is published'
  )
  const changed = await rotate(published, at(250, toBundle(published.caCertificates)))
  t.ok(new X509Certificate(changed.serving.cert).checkIssued(new X509Certificate(published.caCertificates[0] ?? '')))
  t.same(changed.caCertificates, published.caCertificates)
  t.equal(await rotate(changed, at(250.9)), changed, 'other replicas may still serve the old certificate')
  const done = await rotate(changed, at(251))
  t.same(done.caCertificates, published.caCertificates.slice(0, 1))
  t.same(done.serving, changed.serving)
})

t.test('serving certificate never outlives its CA', async t => {
  let contents = first
  for (let day = 0; day < 1000; day += 5) {
    contents = await rotate(contents, at(day, toBundle(contents.caCertificates)))
    t.ok(isServable(contents, at(day)), `day ${day}`)
    const issuers = contents.caCertificates.filter(pem =>
      new X509Certificate(contents.serving.cert).checkIssued(new X509Certificate(pem))
    )
    t.equal(issuers.length, 1)
    t.ok(untilDays(contents.serving.cert) <= untilDays(issuers[0] ?? ''), `day ${day}`)
  }
})

t.test('unusable certificates are replaced at once', async t => {
  const other = await rotate(EMPTY, at(0))
  const { caKey, serving } = other
  for (const [what, contents, moment, kept] of [
    ['expired certificate', { ...first }, at(91), 1],
    ['certificate not yet valid', { ...first, serving: await servingCertificateOf(first, 3) }, at(0), 1],
    ['certificate for other names', first, { ...at(0), names: ['other.mesh-guard.svc'] }, 1],
    ['invalid certificate', { ...first, serving: { ...serving, cert: 'x' } }, at(0), 1],
    ['invalid key', { ...first, serving: { ...first.serving, key: 'x' } }, at(0), 1],
    ['key of another certificate', { ...first, serving: { ...first.serving, key: serving.key } }, at(0), 1],
    ['certificate of an unknown issuer', { ...first, serving }, at(0), 1],
    ['expired CA and certificate', first, at(366), 1],
    ['CA and certificate not yet valid', first, at(-1), 1],
    ['invalid CA certificates', { ...first, caCertificates: ['x', 'y'] }, at(0), 1]
  ] as const) {
    t.notOk(isServable(contents, moment), what)
    const next = await rotate(contents, moment)
    t.ok(isServable(next, moment), what)
    t.equal(next.caCertificates.length, kept, what)
    t.equal(await rotate(next, moment), next, `${what}, only once`)
  }
  const lost = await rotate({ ...first, caKey }, at(0))
  t.same(lost.caCertificates.slice(1), [ca], 'CA without its key is replaced, its serving certificate is kept')
  t.same(lost.serving, first.serving)
})

async function servingCertificateOf({ caCertificates: [cert = ''], caKey }: CertificateSecret, years: number) {
  return issueServingCertificate({ cert, key: caKey }, NAMES, validityOf(90, START_MS + years * 365 * DAY_MS))
}

t.test('each CA has a unique subject', async t => {
  const life = validityOf(1, START_MS)
  const names = await Promise.all([1, 2].map(async () => new X509Certificate((await createCa('a', life)).cert).subject))
  t.not(names[0], names[1])
})
