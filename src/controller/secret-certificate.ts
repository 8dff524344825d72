import { z } from 'zod'
import { type Api, Refused } from './api.ts'
import { toPem } from './certificate.ts'
import type { Certificates } from './certificate-source.ts'
import type { Clock } from './clock.ts'
import { PATHS } from './names.ts'
import { advance, type Contents, isServable, toBundle } from './rotation.ts'

const secret = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: z
    .record(z.string(), z.base64())
    .nullish()
    .transform(data => data ?? {})
})

export interface SecretOptions {
  readonly api: Api
  readonly namespace: string
  /** The DNS names that the API server calls us by. */
  readonly names: readonly string[]
  readonly clock: Clock
}

/**
 * The certificate that the replicas share in their Secret, with an authority of its own. The leader renews it. The others
 * follow, and write only when there is nothing that could be served: at the first start all of them race for it, and one
 * wins, for each write says which version it replaces.
 */
export function secretCertificates({ api, namespace, names, clock }: SecretOptions): Certificates {
  const path = PATHS.secret(namespace)
  const refresh: Certificates['refresh'] = async duty => {
    const { metadata, data } = secret.parse(await api.get(path))
    const found = toContents(data)
    const moment = { nowMs: clock.date(), names, settled: duty.settled }
    const mayWrite = duty.leading || !isServable(found, moment)
    const contents = mayWrite ? await advance(found, moment) : found
    if (contents !== found) {
      try {
        await api.merge(path, { metadata, data: toData(contents) })
      } catch (error) {
        if (error instanceof Refused && error.status === 409) return refresh(duty)
        throw error
      }
    }
    return { keyPair: contents.leaf, bundle: toBundle(contents.authorities) }
  }
  return { refresh }
}

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'

/** The certificates of a PEM text, each ending in a line break. */
function splitBundle(pem: string): readonly string[] {
  const [, ...blocks] = pem.split(BEGIN)
  return blocks.flatMap(block => {
    const end = block.indexOf(END)
    return end < 0 ? [] : toPem(BEGIN + block.slice(0, end) + END)
  })
}

function toContents(data: Readonly<Record<string, string>>): Contents {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8')
  return {
    authorities: splitBundle(text('ca.crt')),
    authorityKey: text('ca.key'),
    leaf: { cert: text('tls.crt'), key: text('tls.key') }
  }
}

function toData({ authorities, authorityKey, leaf }: Contents): Readonly<Record<string, string>> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    'ca.crt': base64(toBundle(authorities)),
    'ca.key': base64(authorityKey),
    'tls.crt': base64(leaf.cert),
    'tls.key': base64(leaf.key)
  }
}
