import { randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'

/** A certificate with its key, as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000
const LIFE_DAYS = 365
/** Made anew when so little of its life is left. */
const RENEW_DAYS = 7

/**
 * The serving certificate in a folder: `tls.crt` and `tls.key`, as cert-manager writes them. Where there is none, or one
 * of our own making is about to end, a development certificate for this machine is made, with its authority in `ca.crt`.
 */
export async function loadCertificate(folder: string, names: readonly string[]): Promise<KeyPair> {
  const file = (name: string) => join(folder, name)
  const present = existsSync(file('tls.crt')) && existsSync(file('tls.key'))
  if (present) {
    const pair = { cert: readFileSync(file('tls.crt'), 'utf8'), key: readFileSync(file('tls.key'), 'utf8') }
    if (!isOursAndEnding(pair.cert)) return pair
  }
  const { ca, ...made } = await makeCertificate(names)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file('ca.crt'), ca)
  writeFileSync(file('tls.crt'), made.cert)
  writeFileSync(file('tls.key'), made.key, { mode: 0o600 })
  return made
}

const AUTHORITY = 'mesh-guard development '

function isOursAndEnding(cert: string): boolean {
  const { issuer, validToDate } = new X509Certificate(cert)
  return issuer.startsWith(`CN=${AUTHORITY}`) && validToDate.getTime() - Date.now() < RENEW_DAYS * DAY_MS
}

/** An authority and a certificate for these names, DNS names and IP addresses alike: EC P-256. */
export async function makeCertificate(
  names: readonly string[],
  days = LIFE_DAYS
): Promise<KeyPair & { readonly ca: string }> {
  const common = {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - DAY_MS),
    notAfterDate: new Date(Date.now() + days * DAY_MS)
  } as const
  // A name of its own for each authority: with equal names some clients pick the wrong one while they change over.
  const authority = await generate([{ name: 'commonName', value: AUTHORITY + randomBytes(4).toString('hex') }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
    ]
  })
  const leaf = await generate([{ name: 'commonName', value: 'mesh-guard' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(toAltName) }
    ]
  })
  return { cert: leaf.cert, key: leaf.private, ca: authority.cert }
}

function toAltName(name: string) {
  return /^[\d.]+$/.test(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const)
}
