import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'
import { DAY_MS, issueServingCertificate, type KeyPair, toPem, type Validity } from '../src/controller/certificate.ts'
import { NAME } from '../src/controller/names.ts'
import { caBundleIn, SECRET } from '../test/support/controller.ts'
import { waitUntil } from '../test/support/wait-until.ts'
import { type Cluster, GUARD } from './soak-cluster.ts'
import type { Replica } from './soak-guard.ts'

/** Number of rotations. */
export interface Rotations {
  servingCertificates: number
  cas: number
}

/** Maximum time of a rotation. A new CA requires 15 s without errors of the API server. */
const TIMEOUT_MS = 300_000

/**
 * Ages serving certificate and CA in turn, and waits until the guard has rotated them. Clients use the real time, so the
 * certificates in the Secret are signed again with a validity that is more than two thirds over; keys and names stay.
 *
 * @throws if a rotation times out
 */
export async function rotateCertificates(
  cluster: Cluster,
  replicas: readonly Replica[],
  done: Rotations,
  signal: AbortSignal
): Promise<void> {
  const served = () => replicas.map(({ controller }) => controller.keyPair().cert)
  const waitFor = async (what: string, condition: () => boolean) => {
    await waitUntil(what, () => signal.aborted || condition(), TIMEOUT_MS)
  }
  const isServed = (cert: string) => served().every(one => one === cert)
  while (!signal.aborted) {
    const aged = await ageServingCertificate(cluster, validityInDays(-70, 20))
    await waitFor('the renewed serving certificate to be served', () => {
      const { cert } = readSecret(cluster).serving
      return cert !== aged && isServed(cert)
    })
    if (!signal.aborted) done.servingCertificates++
    const old = await ageCa(cluster)
    await waitFor('a serving certificate of the new CA to be served', () => {
      const { caCertificates, serving } = readSecret(cluster)
      return caCertificates[0] !== old && isIssuedBy(serving.cert, caCertificates[0]) && isServed(serving.cert)
    })
    await ageServingCertificate(cluster, validityInDays(-2, 88))
    await waitFor('the old CA to be dropped', () => {
      const { caCertificates } = readSecret(cluster)
      return caCertificates.length === 1 && caBundleIn(cluster.objects) === caCertificates[0]
    })
    if (!signal.aborted) done.cas++
  }
}

const validityInDays = (from: number, to: number): Validity => ({
  notBeforeMs: Date.now() + from * DAY_MS,
  notAfterMs: Date.now() + to * DAY_MS
})

interface SecretContents {
  readonly caCertificates: readonly string[]
  readonly caKey: string
  readonly serving: KeyPair
}

function readSecret({ objects }: Cluster): SecretContents {
  const data = (objects.get(SECRET)['data'] ?? {}) as Readonly<Record<string, string>>
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const caCertificates = text('ca.crt').split(/(?<=-----END CERTIFICATE-----\n)/)
  return { caCertificates, caKey: text('ca.key'), serving: { cert: text('tls.crt'), key: text('tls.key') } }
}

/** Replaces values of the Secret. */
function writeSecret({ objects }: Cluster, texts: Readonly<Record<string, string>>): void {
  const encoded = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  const data = { ...(objects.get(SECRET)['data'] as object), ...Object.fromEntries(encoded) }
  objects.put(SECRET, { metadata: { name: NAME }, data })
}

/** @returns the new serving certificate */
async function ageServingCertificate(cluster: Cluster, validityInDays: Validity): Promise<string> {
  const { caCertificates, caKey } = readSecret(cluster)
  const serving = await issueServingCertificate({ cert: caCertificates[0] ?? '', key: caKey }, [GUARD], validityInDays)
  writeSecret(cluster, { 'tls.crt': serving.cert, 'tls.key': serving.key })
  return serving.cert
}

/** @returns the new CA certificate */
async function ageCa(cluster: Cluster): Promise<string> {
  const { caCertificates, caKey } = readSecret(cluster)
  const [newest = '', ...others] = caCertificates
  const publicKey = createPublicKey(createPrivateKey(caKey)).export({ type: 'spki', format: 'pem' })
  const { notBeforeMs, notAfterMs } = validityInDays(-300, 65)
  const { cert } = await generate([{ name: 'commonName', value: commonNameOf(newest) }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    keyPair: { publicKey: String(publicKey), privateKey: caKey },
    notBeforeDate: new Date(notBeforeMs),
    notAfterDate: new Date(notAfterMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
    ]
  })
  const aged = toPem(cert)
  writeSecret(cluster, { 'ca.crt': [aged, ...others].join('') })
  return aged
}

const commonNameOf = (pem: string) => new X509Certificate(pem).subject.replace('CN=', '')

function isIssuedBy(cert: string, ca = ''): boolean {
  const { publicKey } = new X509Certificate(ca)
  return new X509Certificate(cert).verify(publicKey)
}
