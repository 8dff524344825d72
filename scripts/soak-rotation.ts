import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'
import { DAY_MS, type KeyPair, type Life, makeLeaf, toPem } from '../src/controller/certificate.ts'
import { NAME } from '../src/controller/names.ts'
import { publishedIn, SECRET } from '../test/support/controller.ts'
import { waitUntil } from '../test/support/wait-until.ts'
import { type Cluster, GUARD } from './soak-cluster.ts'
import type { Replica } from './soak-guard.ts'

/** How often something was changed. */
export interface Rotations {
  leaves: number
  authorities: number
}

/** The longest that a change may take. A new authority waits for 15 s in which the API server fails nobody. */
const WITHIN_MS = 300_000

/**
 * Makes certificates old, and waits until the guard has changed them: the leaf, then the authority, then once more. Time
 * cannot be let go by, for clients go by the real one. So what is in the Secret is signed anew with a life of which more
 * than two thirds are over; keys and names stay.
 *
 * @throws when a change does not come to its end
 */
export async function rotate(
  cluster: Cluster,
  replicas: readonly Replica[],
  done: Rotations,
  signal: AbortSignal
): Promise<void> {
  const served = () => replicas.map(({ keeper }) => keeper.keyPair().cert)
  const changed = async (what: string, isSo: () => boolean) => {
    await waitUntil(what, () => signal.aborted || isSo(), WITHIN_MS)
  }
  const isServed = (cert: string) => served().every(one => one === cert)
  while (!signal.aborted) {
    const aged = await ageLeaf(cluster, life(-70, 20))
    await changed('another leaf is served', () => {
      const { cert } = read(cluster).leaf
      return cert !== aged && isServed(cert)
    })
    if (!signal.aborted) done.leaves++
    const old = await ageAuthority(cluster)
    await changed('a leaf of another authority is served', () => {
      const { authorities, leaf } = read(cluster)
      return authorities[0] !== old && isIssuedBy(leaf.cert, authorities[0]) && isServed(leaf.cert)
    })
    await ageLeaf(cluster, life(-2, 88))
    await changed('the old authority is dropped', () => {
      const { authorities } = read(cluster)
      return authorities.length === 1 && publishedIn(cluster.kept) === authorities[0]
    })
    if (!signal.aborted) done.authorities++
  }
}

const life = (from: number, to: number): Life => ({
  fromMs: Date.now() + from * DAY_MS,
  untilMs: Date.now() + to * DAY_MS
})

interface Held {
  readonly authorities: readonly string[]
  readonly authorityKey: string
  readonly leaf: KeyPair
}

function read({ kept }: Cluster): Held {
  const data = (kept.get(SECRET)['data'] ?? {}) as Readonly<Record<string, string>>
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString()
  const authorities = text('ca.crt').split(/(?<=-----END CERTIFICATE-----\n)/)
  return { authorities, authorityKey: text('ca.key'), leaf: { cert: text('tls.crt'), key: text('tls.key') } }
}

/** Puts these in place of what is there. */
function write({ kept }: Cluster, texts: Readonly<Record<string, string>>): void {
  const encoded = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  const data = { ...(kept.get(SECRET)['data'] as object), ...Object.fromEntries(encoded) }
  kept.put(SECRET, { metadata: { name: NAME }, data })
}

/** @returns the leaf that is there now */
async function ageLeaf(cluster: Cluster, life: Life): Promise<string> {
  const { authorities, authorityKey } = read(cluster)
  const leaf = await makeLeaf({ cert: authorities[0] ?? '', key: authorityKey }, [GUARD], life)
  write(cluster, { 'tls.crt': leaf.cert, 'tls.key': leaf.key })
  return leaf.cert
}

/** @returns the authority that is there now */
async function ageAuthority(cluster: Cluster): Promise<string> {
  const { authorities, authorityKey } = read(cluster)
  const [newest = '', ...others] = authorities
  const publicKey = createPublicKey(createPrivateKey(authorityKey)).export({ type: 'spki', format: 'pem' })
  const { fromMs, untilMs } = life(-300, 65)
  const { cert } = await generate([{ name: 'commonName', value: nameIn(newest) }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    keyPair: { publicKey: String(publicKey), privateKey: authorityKey },
    notBeforeDate: new Date(fromMs),
    notAfterDate: new Date(untilMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
    ]
  })
  const aged = toPem(cert)
  write(cluster, { 'ca.crt': [aged, ...others].join('') })
  return aged
}

const nameIn = (pem: string) => new X509Certificate(pem).subject.replace('CN=', '')

function isIssuedBy(cert: string, authority = ''): boolean {
  const { publicKey } = new X509Certificate(authority)
  return new X509Certificate(cert).verify(publicKey)
}
