import type { X509Certificate } from 'node:crypto'
import {
  createCa,
  DAY_MS,
  issueServingCertificate,
  type KeyPair,
  readCertificate,
  readKeyPair,
  readValidity,
  type Validity,
  validityOf
} from './certificate.ts'

/** Contents of the Secret; missing values are empty. */
export interface CertificateSecret {
  /** PEM, newest first. */
  readonly caCertificates: readonly string[]
  /** Key of the newest CA; keys of older CAs are not kept. */
  readonly caKey: string
  readonly serving: KeyPair
}

/** Inputs of a rotation step besides the Secret. */
export interface RotationContext {
  readonly nowMs: number
  /** DNS names that the API server connects to. */
  readonly names: readonly string[]
  /** CA bundle that every API server uses by now. */
  readonly publishedBundle: string | undefined
}

const CA_NAME = 'mesh-guard'
/** With both renewed after two thirds of their validity, no serving certificate outlives its CA. */
const CA_DAYS = 365
const SERVING_DAYS = 90
/** Time after which no replica serves a certificate of the old CA. */
const OLD_CA_RETENTION_MS = DAY_MS

type Step = 'create-ca' | 'issue-serving-certificate' | 'drop-old-cas'

/** Concatenated PEM, as in `ca.crt` and `caBundle`. */
export const toBundle = (caCertificates: readonly string[]) => caCertificates.join('')

/**
 * Renews CA and serving certificate if due. The order prevents TLS handshake failures: the new CA is published beside the
 * old one, then a serving certificate of the new CA is issued, then the old CA is dropped.
 *
 * @returns the same object if nothing is due
 */
export async function rotate(secret: CertificateSecret, context: RotationContext): Promise<CertificateSecret> {
  const step = nextStep(secret, context)
  return step === undefined ? secret : rotate(await applyStep(step, secret, context), context)
}

/** True if the serving certificate is valid for clients that trust the CA bundle. */
export function isServable({ caCertificates, serving }: CertificateSecret, { nowMs, names }: RotationContext): boolean {
  const certificate = readKeyPair(serving)
  return (
    certificate !== undefined &&
    isCurrent(readValidity(certificate), nowMs) &&
    names.every(name => certificate.checkHost(name) !== undefined) &&
    caCertificates.some(ca => isIssuedBy(certificate, ca))
  )
}

function nextStep(secret: CertificateSecret, context: RotationContext): Step | undefined {
  const { caCertificates, caKey, serving } = secret
  const [newest = ''] = caCertificates
  const ca = readKeyPair({ cert: newest, key: caKey })
  if (ca === undefined || isRenewalDue(readValidity(ca), context.nowMs)) return 'create-ca'
  const certificate = readKeyPair(serving)
  // An unusable certificate is replaced without waiting for propagation of the CA bundle.
  if (certificate === undefined || !isServable(secret, context)) return 'issue-serving-certificate'
  if (!isIssuedBy(certificate, newest))
    return context.publishedBundle === toBundle(caCertificates) ? 'issue-serving-certificate' : undefined
  const validity = readValidity(certificate)
  if (isRenewalDue(validity, context.nowMs)) return 'issue-serving-certificate'
  return caCertificates.length > 1 && context.nowMs >= validity.notBeforeMs + OLD_CA_RETENTION_MS
    ? 'drop-old-cas'
    : undefined
}

async function applyStep(
  step: Step,
  secret: CertificateSecret,
  { nowMs, names }: RotationContext
): Promise<CertificateSecret> {
  const { caCertificates, caKey } = secret
  const [newest = ''] = caCertificates
  switch (step) {
    case 'create-ca': {
      const { cert, key } = await createCa(CA_NAME, validityOf(CA_DAYS, nowMs))
      const old = caCertificates.filter(pem => {
        const certificate = readCertificate(pem)
        return certificate !== undefined && isCurrent(readValidity(certificate), nowMs)
      })
      return { ...secret, caCertificates: [cert, ...old], caKey: key }
    }
    case 'issue-serving-certificate': {
      const serving = await issueServingCertificate(
        { cert: newest, key: caKey },
        names,
        validityOf(SERVING_DAYS, nowMs)
      )
      return { ...secret, serving }
    }
    case 'drop-old-cas':
      return { ...secret, caCertificates: [newest] }
  }
}

/** False also before notBefore: then a clock was wrong. */
const isCurrent = ({ notBeforeMs, notAfterMs }: Validity, nowMs: number) => nowMs >= notBeforeMs && nowMs < notAfterMs

/** True after two thirds of the validity. */
const isRenewalDue = (validity: Validity, nowMs: number) =>
  !isCurrent(validity, nowMs) || nowMs >= validity.notBeforeMs + ((validity.notAfterMs - validity.notBeforeMs) * 2) / 3

function isIssuedBy(certificate: X509Certificate, ca: string): boolean {
  const issuer = readCertificate(ca)
  return issuer !== undefined && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
