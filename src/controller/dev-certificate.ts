import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY_MS, type KeyPair, lifeOf, makeAuthority, makeLeaf } from './certificate.ts'

const LIFE_DAYS = 365
/** Made anew when so little of its life is left. */
const RENEW_DAYS = 7
const AUTHORITY = 'mesh-guard development'

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

function isOursAndEnding(cert: string): boolean {
  const { issuer, validToDate } = new X509Certificate(cert)
  return issuer.startsWith(`CN=${AUTHORITY} `) && validToDate.getTime() - Date.now() < RENEW_DAYS * DAY_MS
}

/** An authority whose key is thrown away, and its certificate for these names. */
export async function makeCertificate(
  names: readonly string[],
  days = LIFE_DAYS
): Promise<KeyPair & { readonly ca: string }> {
  const life = lifeOf(days, Date.now())
  const authority = await makeAuthority(AUTHORITY, life)
  return { ...(await makeLeaf(authority, names, life)), ca: authority.cert }
}
