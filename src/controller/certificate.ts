import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { generate } from 'selfsigned'

/** A certificate with its key, as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

/** How long a certificate holds, in milliseconds since 1970. */
export interface Life {
  readonly fromMs: number
  readonly untilMs: number
}

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** A life that began an hour ago: clocks differ. */
export function lifeOf(days: number, nowMs: number): Life {
  const fromMs = nowMs - HOUR_MS
  return { fromMs, untilMs: fromMs + days * DAY_MS }
}

const KIND = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const

/** An authority of its own: EC P-256. */
export async function makeAuthority(label: string, { fromMs, untilMs }: Life): Promise<KeyPair> {
  // A name of its own for each: with equal names some clients pick the wrong one while they change over.
  const name = `${label} ${randomBytes(4).toString('hex')}`
  const made = await generate([{ name: 'commonName', value: name }], {
    ...KIND,
    notBeforeDate: new Date(fromMs),
    notAfterDate: new Date(untilMs),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }
    ]
  })
  return { cert: toPem(made.cert), key: toPem(made.private) }
}

/** A serving certificate for these names, DNS names and IPv4 addresses alike: EC P-256. */
export async function makeLeaf(
  authority: KeyPair,
  names: readonly string[],
  { fromMs, untilMs }: Life
): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: 'mesh-guard' }], {
    ...KIND,
    notBeforeDate: new Date(fromMs),
    notAfterDate: new Date(untilMs),
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(toAltName) }
    ]
  })
  return { cert: toPem(made.cert), key: toPem(made.private) }
}

/** Ends in a line break: only then can another block follow. */
export const toPem = (text: string) => `${text.trimEnd()}\n`

function toAltName(name: string) {
  return /^[\d.]+$/.test(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const)
}

/** Reads a certificate that came from outside. @returns `undefined` for what is none */
export function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

/** @returns `undefined` as well when certificate and key do not belong together */
export function readPair({ cert, key }: KeyPair): X509Certificate | undefined {
  const certificate = readCertificate(cert)
  try {
    return certificate?.checkPrivateKey(createPrivateKey(key)) ? certificate : undefined
  } catch {
    return undefined
  }
}

export function lifeIn({ validFromDate, validToDate }: X509Certificate): Life {
  return { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() }
}
