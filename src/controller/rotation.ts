import type { X509Certificate } from 'node:crypto'
import {
  DAY_MS,
  type KeyPair,
  type Life,
  lifeIn,
  lifeOf,
  makeAuthority,
  makeLeaf,
  readCertificate,
  readPair
} from './certificate.ts'

/** What the Secret holds; what is not there yet is empty. */
export interface Contents {
  /** Whom clients are to trust, as PEM, the newest first. */
  readonly authorities: readonly string[]
  /** The key of the newest authority. Those of older ones are gone: nobody signs with them any more. */
  readonly authorityKey: string
  readonly leaf: KeyPair
}

/** What the next step depends on besides the contents. */
export interface Moment {
  readonly nowMs: number
  /** The DNS names that the API server calls us by. */
  readonly names: readonly string[]
  /** The bundle that both webhook configurations have carried for so long that every API server knows it. */
  readonly settled: string | undefined
}

const AUTHORITY = 'mesh-guard'
/** More than three times the life of a leaf: in two thirds of it, no leaf outlives its authority. */
const AUTHORITY_DAYS = 365
const LEAF_DAYS = 90
/** So long after the last leaf, no replica serves one of the old authority any more. */
const OLD_KEPT_MS = DAY_MS

type Step = 'make-authority' | 'make-leaf' | 'drop-old-authorities'

/** The authorities as one PEM text, as `ca.crt` and `caBundle` hold it. */
export const toBundle = (authorities: readonly string[]) => authorities.join('')

/**
 * Brings the contents up to date. The order is what keeps handshakes from failing: a new authority is published beside
 * the old one, then comes a leaf of the new one, then the old one is dropped.
 *
 * @returns the same contents when there is nothing to do
 */
export async function advance(contents: Contents, moment: Moment): Promise<Contents> {
  const step = nextStep(contents, moment)
  return step === undefined ? contents : advance(await take(step, contents, moment), moment)
}

/** True when clients that trust the bundle get a valid certificate. */
export function isServable({ authorities, leaf }: Contents, { nowMs, names }: Moment): boolean {
  const certificate = readPair(leaf)
  return (
    certificate !== undefined &&
    isCurrent(lifeIn(certificate), nowMs) &&
    names.every(name => certificate.checkHost(name) !== undefined) &&
    authorities.some(authority => isIssuedBy(certificate, authority))
  )
}

function nextStep(contents: Contents, moment: Moment): Step | undefined {
  const { authorities, authorityKey, leaf } = contents
  const [newest = ''] = authorities
  const authority = readPair({ cert: newest, key: authorityKey })
  if (authority === undefined || isDue(lifeIn(authority), moment.nowMs)) return 'make-authority'
  const certificate = readPair(leaf)
  // A leaf that is of no use cannot be made worse: there is nothing to wait for.
  if (certificate === undefined || !isServable(contents, moment)) return 'make-leaf'
  if (!isIssuedBy(certificate, newest)) return moment.settled === toBundle(authorities) ? 'make-leaf' : undefined
  const life = lifeIn(certificate)
  if (isDue(life, moment.nowMs)) return 'make-leaf'
  return authorities.length > 1 && moment.nowMs >= life.fromMs + OLD_KEPT_MS ? 'drop-old-authorities' : undefined
}

async function take(step: Step, contents: Contents, { nowMs, names }: Moment): Promise<Contents> {
  const { authorities, authorityKey } = contents
  const [newest = ''] = authorities
  switch (step) {
    case 'make-authority': {
      const { cert, key } = await makeAuthority(AUTHORITY, lifeOf(AUTHORITY_DAYS, nowMs))
      const old = authorities.filter(pem => {
        const certificate = readCertificate(pem)
        return certificate !== undefined && isCurrent(lifeIn(certificate), nowMs)
      })
      return { ...contents, authorities: [cert, ...old], authorityKey: key }
    }
    case 'make-leaf': {
      const leaf = await makeLeaf({ cert: newest, key: authorityKey }, names, lifeOf(LEAF_DAYS, nowMs))
      return { ...contents, leaf }
    }
    case 'drop-old-authorities':
      return { ...contents, authorities: [newest] }
  }
}

/** A life that has not begun yet says that the clock was wrong, then or now. */
const isCurrent = ({ fromMs, untilMs }: Life, nowMs: number) => nowMs >= fromMs && nowMs < untilMs

/** Two thirds of its life are over. */
const isDue = (life: Life, nowMs: number) =>
  !isCurrent(life, nowMs) || nowMs >= life.fromMs + ((life.untilMs - life.fromMs) * 2) / 3

function isIssuedBy(certificate: X509Certificate, authority: string): boolean {
  const issuer = readCertificate(authority)
  return issuer !== undefined && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}
