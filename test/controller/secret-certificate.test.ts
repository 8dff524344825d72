import t from 'tap'
import { DAY_MS } from '../../src/controller/certificate.ts'
import { secretCertificateSource } from '../../src/controller/secret-certificate.ts'
import { testClock } from '../support/clock.ts'
import { apiClientFor, installedCluster, NAMESPACE, SECRET } from '../support/controller.ts'
import { failure } from '../support/writable-cluster.ts'

const LEADER = { isLeader: true, publishedBundle: undefined }
const FOLLOWER = { isLeader: false, publishedBundle: undefined }

function build() {
  const cluster = installedCluster()
  const clock = testClock()
  const replica = () =>
    secretCertificateSource({
      api: apiClientFor(cluster),
      namespace: NAMESPACE,
      names: ['guard.mesh-guard.svc'],
      clock
    })
  const writes = () => cluster.requests.filter(request => request.startsWith('PATCH')).length
  return { cluster, clock, replica, writes }
}

t.test('replicas that start with an empty Secret agree on one certificate', async t => {
  const { cluster, replica, writes } = build()
  const served = await Promise.all(Array.from({ length: 5 }, () => replica().refresh(FOLLOWER)))
  for (const one of served) t.same(one, served[0])
  t.equal(writes(), 5, 'each replica wrote once')
  const data = cluster.get(SECRET)['data'] as Record<string, string>
  t.same(Object.keys(data), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
  t.equal(Buffer.from(data['ca.crt'] ?? '', 'base64').toString(), served[0]?.caBundle)
})

t.test('leader renews the certificate, and other replicas reload it', async t => {
  const { clock, replica, writes } = build()
  const [leader, follower] = [replica(), replica()]
  const first = await leader.refresh(LEADER)
  t.same(await leader.refresh(LEADER), first)
  t.equal(writes(), 1)
  clock.setDate(Date.now() + 61 * DAY_MS)
  t.same(await follower.refresh(FOLLOWER), first, 'still valid')
  const next = await leader.refresh(LEADER)
  t.not(next.keyPair.cert, first.keyPair.cert)
  t.equal(next.caBundle, first.caBundle)
  t.same(await follower.refresh(FOLLOWER), next)
  clock.setDate(Date.now() + 152 * DAY_MS)
  const late = await follower.refresh(FOLLOWER)
  t.not(late.keyPair.cert, next.keyPair.cert, 'expired certificate is replaced without a leader')
  t.equal(writes(), 3)
})

t.test('invalid Secret is an error that quotes no value', async t => {
  const { cluster, replica } = build()
  cluster.put(SECRET, { metadata: { name: 'a' }, data: { 'tls.key': 'not base64: s3cr3t' } })
  await t.rejects(replica().refresh(LEADER), { message: /^(?!.*s3cr3t)/s })
})

t.test('failed write is an error', async t => {
  const { cluster, replica } = build()
  cluster.fault = method => (method === 'PATCH' ? failure(403, 'secrets is forbidden') : undefined)
  await t.rejects(replica().refresh(LEADER), { name: 'ApiStatusError', status: 403 })
})

t.test('text between certificates and a truncated certificate are omitted from the CA bundle', async t => {
  const { cluster, replica } = build()
  const { caBundle } = await replica().refresh(LEADER)
  const stored = cluster.get(SECRET)
  const text = `Issuer: a\n${caBundle}\nIssuer: b\n-----BEGIN CERTIFICATE-----\nMIIB`
  const data = { ...(stored['data'] as object), 'ca.crt': Buffer.from(text).toString('base64') }
  cluster.put(SECRET, { ...stored, data })
  t.equal((await replica().refresh(FOLLOWER)).caBundle, caBundle)
})
