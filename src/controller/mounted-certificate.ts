import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DAY_MS, type KeyPair, readPair, toPem } from './certificate.ts'
import type { Certificates } from './certificate-source.ts'
import type { Clock } from './clock.ts'

/** What lies in the folder. */
export interface Mounted {
  readonly keyPair: KeyPair
  /** PEM of whom clients are to trust for it. */
  readonly authority: string
}

/** What is done with it. */
export interface Following {
  readonly keyPair: KeyPair
  /** The newest first, with the moment since when each is published. */
  readonly authorities: readonly { readonly pem: string; readonly sinceMs: number }[]
}

/** The kubelet brings a change to each pod at another time, up to two minutes apart; then the leader publishes it. */
const SETTLE_MS = 5 * 60_000
const OLD_KEPT_MS = DAY_MS

/**
 * Follows the folder. A certificate of a new authority is not served before that authority has been published, beside the
 * old one, for long enough. What was published before this process began is not known to it.
 */
export function follow(known: Following | undefined, { keyPair, authority }: Mounted, nowMs: number): Following {
  if (known === undefined) return { keyPair, authorities: [{ pem: authority, sinceMs: Number.NEGATIVE_INFINITY }] }
  const mine = known.authorities.find(({ pem }) => pem === authority) ?? { pem: authority, sinceMs: nowMs }
  const age = nowMs - mine.sinceMs
  return {
    keyPair: age < SETTLE_MS ? known.keyPair : keyPair,
    authorities: age < OLD_KEPT_MS ? [mine, ...known.authorities.filter(one => one !== mine)] : [mine]
  }
}

/**
 * The certificate that somebody else keeps in a folder: `tls.crt`, `tls.key` and `ca.crt`, such as a Secret of cert-manager
 * that the kubelet mounts. It is read anew each time: no notice of a change can get lost, whether a file is written or
 * the kubelet turns a link over.
 */
export function mountedCertificates(folder: string, { now }: Clock): Certificates {
  let known: Following | undefined
  return {
    refresh: async () => {
      known = follow(known, await readMounted(folder), now())
      return { keyPair: known.keyPair, bundle: known.authorities.map(({ pem }) => pem).join('') }
    }
  }
}

/** @throws when a file is missing, or certificate and key do not belong together: they were read amid a change */
async function readMounted(folder: string): Promise<Mounted> {
  const [cert = '', key = '', authority = ''] = await Promise.all(
    ['tls.crt', 'tls.key', 'ca.crt'].map(name => readFile(join(folder, name), 'utf8'))
  )
  const keyPair = { cert, key }
  if (readPair(keyPair) === undefined) throw new Error(`${folder}: tls.crt and tls.key do not belong together`)
  return { keyPair, authority: toPem(authority) }
}
