import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCa, DAY_MS, issueServingCertificate, type KeyPair, validityOf } from './certificate.ts'

const VALIDITY_DAYS = 365
/** Renewed when fewer days are left. */
const RENEW_DAYS = 7
const CA_NAME = 'mesh-guard development'

/**
 * Reads `tls.crt` and `tls.key` from a directory. If they are missing, or are a development certificate that expires
 * soon, creates a development certificate there, with its CA in `ca.crt`.
 */
export async function loadCertificate(folder: string, names: readonly string[]): Promise<KeyPair> {
  const file = (name: string) => join(folder, name)
  const present = existsSync(file('tls.crt')) && existsSync(file('tls.key'))
  if (present) {
    const pair = { cert: readFileSync(file('tls.crt'), 'utf8'), key: readFileSync(file('tls.key'), 'utf8') }
    if (!needsRenewal(pair.cert)) return pair
  }
  const { ca, ...made } = await makeCertificate(names)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file('ca.crt'), ca)
  writeFileSync(file('tls.crt'), made.cert)
  writeFileSync(file('tls.key'), made.key, { mode: 0o600 })
  return made
}

function needsRenewal(cert: string): boolean {
  const { issuer, validToDate } = new X509Certificate(cert)
  return issuer.startsWith(`CN=${CA_NAME} `) && validToDate.getTime() - Date.now() < RENEW_DAYS * DAY_MS
}

/** Serving certificate of a new CA whose key is discarded. */
export async function makeCertificate(
  names: readonly string[],
  days = VALIDITY_DAYS
): Promise<KeyPair & { readonly ca: string }> {
  const validity = validityOf(days, Date.now())
  const ca = await createCa(CA_NAME, validity)
  return { ...(await issueServingCertificate(ca, names, validity)), ca: ca.cert }
}
