import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'

/** A certificate with its key, as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** Validity period of a certificate, in milliseconds since 1970. */
export interface Validity {
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Starts an hour ago to tolerate clock skew. */
export function validityOf(days: number, nowMs: number): Validity {
  const notBeforeMs = nowMs - HOUR_MS
  return { notBeforeMs, notAfterMs: notBeforeMs + days * DAY_MS }
}

const KIND = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/** Self-signed CA with an EC P-256 key. */
export async function createCa(label: string, { notBeforeMs, notAfterMs }: Validity): Promise<KeyPair> {
  // Unique: with two CAs of the same subject, some clients pick the wrong one during rotation.
  const name = `${label} ${randomBytes(4).toString('hex')}`
  const made = await generate([{ name: 'commonName', value: name }], {
    ...KIND,
    notBeforeDate: new Date(notBeforeMs),
    notAfterDate: new Date(notAfterMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
    ]
  })
  return { cert: toPem(made.cert), key: toPem(made.private) }
}

/** Serving certificate with an EC P-256 key. `names` are DNS names or IPv4 addresses. */
export async function issueServingCertificate(
  ca: KeyPair,
  names: readonly string[],
  { notBeforeMs, notAfterMs }: Validity
): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: 'mesh-guard' }], {
    ...KIND,
    notBeforeDate: new Date(notBeforeMs),
    notAfterDate: new Date(notAfterMs),
    ca: ca,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(toAltName) }
    ]
  })
  return { cert: toPem(made.cert), key: toPem(made.private) }
}

/** Ends in a line break, so that PEM blocks can be concatenated. */
export const toPem = (text: string) => `${text.trimEnd()}\n`

function toAltName(name: string) {
  return /^[\d.]+$/.test(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const)
}

/** @returns `undefined` if `pem` is not a certificate */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** @returns `undefined` if either cannot be parsed or the key does not match the certificate */
export function readKeyPair({ cert, key }: KeyPair): X509Certificate | undefined {
  const certificate = readCertificate(cert)
  try {
    return certificate?.checkPrivateKey(createPrivateKey(key)) ? certificate : undefined
  } catch {
    return undefined
  }
}

export function readValidity({ validFromDate, validToDate }: X509Certificate): Validity {
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() }
}
