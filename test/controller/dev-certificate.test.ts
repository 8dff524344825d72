import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadCertificate, makeCertificate } from '../../src/controller/dev-certificate.ts'

t.test('development certificate is created once and reused', async t => {
  const folder = join(t.testdir(), 'certs')
  const made = await loadCertificate(folder, ['localhost', '127.0.0.1'])
  const certificate = new X509Certificate(made.cert)
  const ca = new X509Certificate(readFileSync(join(folder, 'ca.crt')))
  t.ok(certificate.checkIssued(ca))
  t.ok(certificate.verify(ca.publicKey))
  t.equal(certificate.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1')
  t.equal(certificate.publicKey.asymmetricKeyType, 'ec')
  t.equal(statSync(join(folder, 'tls.key')).mode & 0o777, 0o600)
  t.same(await loadCertificate(folder, ['localhost']), made)
})

t.test('existing certificate of another issuer is used unchanged', async t => {
  const { cert, key } = await makeCertificate(['example.com'])
  const folder = t.testdir({ 'tls.crt': cert, 'tls.key': key })
  t.same(await loadCertificate(folder, ['localhost']), { cert, key })
  t.notOk(existsSync(join(folder, 'ca.crt')))
})

t.test('development certificate is recreated before it expires', async t => {
  const folder = t.testdir()
  const ending = await makeCertificate(['localhost'], 3)
  writeFileSync(join(folder, 'tls.crt'), ending.cert)
  writeFileSync(join(folder, 'tls.key'), ending.key)
  const { cert } = await loadCertificate(folder, ['localhost'])
  t.not(cert, ending.cert)
  t.ok(new X509Certificate(cert).validToDate.getTime() > Date.now() + 300 * 86_400_000)
})
