import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DAY_MS, type KeyPair, readKeyPair, toPem } from './certificate.ts'
import type { CertificateSource } from './certificate-source.ts'
import type { Clock } from './clock.ts'

/** Contents of the directory. */
export interface MountedCertificate {
  readonly keyPair: KeyPair
  /** CA certificate, PEM. */
  readonly ca: string
}

/** Certificate that is served, and CAs that are published. */
export interface CertificateHistory {
  readonly keyPair: KeyPair
  /** Newest first, with the time since when each is published. */
  readonly cas: readonly { readonly pem: string; readonly sinceMs: number }[]
}

/** The kubelet updates the volumes of pods up to two minutes apart; then the leader publishes the CA. */
const PROPAGATION_MS = 5 * 60_000
const OLD_CA_RETENTION_MS = DAY_MS

/**
 * Next history after reading the directory. A certificate of a new CA is served only after the new CA has been published
 * beside the old one for `PROPAGATION_MS`. CAs published before this process started are unknown to it.
 */
export function trackCertificate(
  history: CertificateHistory | undefined,
  { keyPair, ca }: MountedCertificate,
  nowMs: number
): CertificateHistory {
  if (history === undefined) return { keyPair, cas: [{ pem: ca, sinceMs: Number.NEGATIVE_INFINITY }] }
  const mine = history.cas.find(({ pem }) => pem === ca) ?? { pem: ca, sinceMs: nowMs }
  const age = nowMs - mine.sinceMs
  return {
    keyPair: age < PROPAGATION_MS ? history.keyPair : keyPair,
    cas: age < OLD_CA_RETENTION_MS ? [mine, ...history.cas.filter(one => one !== mine)] : [mine]
  }
}

/**
 * Certificate in a directory (`tls.crt`, `tls.key`, `ca.crt`), such as a mounted Secret of cert-manager. The files are read
 * on each refresh, because file watchers miss the symlink swap of the kubelet.
 */
export function mountedCertificateSource(folder: string, { now }: Clock): CertificateSource {
  let history: CertificateHistory | undefined
  return {
    refresh: async () => {
      history = trackCertificate(history, await readMounted(folder), now())
      return { keyPair: history.keyPair, caBundle: history.cas.map(({ pem }) => pem).join('') }
    }
  }
}

/** @throws if a file is missing, or the key does not match because the files were read during an update */
async function readMounted(folder: string): Promise<MountedCertificate> {
  const [cert = '', key = '', ca = ''] = await Promise.all(
    ['tls.crt', 'tls.key', 'ca.crt'].map(name => readFile(join(folder, name), 'utf8'))
  )
  const keyPair = { cert, key }
  if (readKeyPair(keyPair) === undefined) throw new Error(`${folder}: tls.crt and tls.key do not belong together`)
  return { keyPair, ca: toPem(ca) }
}
