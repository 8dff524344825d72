import { z } from 'zod'
import { type ApiClient, ApiStatusError } from './api.ts'
import { toPem } from './certificate.ts'
import type { CertificateSource } from './certificate-source.ts'
import type { Clock } from './clock.ts'
import { PATHS } from './names.ts'
import { type CertificateSecret, isServable, rotate, toBundle } from './rotation.ts'

const secret = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  data: z
    .record(z.string(), z.base64())
    .nullish()
    .transform(data => data ?? {})
})

export interface SecretOptions {
  readonly api: ApiClient
  readonly namespace: string
  /** DNS names that the API server connects to. */
  readonly names: readonly string[]
  readonly clock: Clock
}

/**
 * Self-signed CA and serving certificate in a Secret that all replicas share. The leader renews them. Other replicas
 * write only if the Secret has no usable certificate; on first start the `resourceVersion` decides which replica wins.
 */
export function secretCertificateSource({ api, namespace, names, clock }: SecretOptions): CertificateSource {
  const path = PATHS.secret(namespace)
  const refresh: CertificateSource['refresh'] = async role => {
    const { metadata, data } = secret.parse(await api.get(path))
    const current = toContents(data)
    const context = { nowMs: clock.date(), names, publishedBundle: role.publishedBundle }
    const mayWrite = role.isLeader || !isServable(current, context)
    const next = mayWrite ? await rotate(current, context) : current
    if (next !== current) {
      try {
        await api.mergePatch(path, { metadata, data: toData(next) })
      } catch (error) {
        if (error instanceof ApiStatusError && error.status === 409) return refresh(role)
        throw error
      }
    }
    return { keyPair: next.serving, caBundle: toBundle(next.caCertificates) }
  }
  return { refresh }
}

const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'

/** Splits a PEM bundle into certificates, each ending in a line break. */
function splitBundle(pem: string): readonly string[] {
  const [, ...blocks] = pem.split(BEGIN)
  return blocks.flatMap(block => {
    const end = block.indexOf(END)
    return end < 0 ? [] : toPem(BEGIN + block.slice(0, end) + END)
  })
}

function toContents(data: Readonly<Record<string, string>>): CertificateSecret {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8')
  return {
    caCertificates: splitBundle(text('ca.crt')),
    caKey: text('ca.key'),
    serving: { cert: text('tls.crt'), key: text('tls.key') }
  }
}

function toData({ caCertificates, caKey, serving }: CertificateSecret): Readonly<Record<string, string>> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    'ca.crt': base64(toBundle(caCertificates)),
    'ca.key': base64(caKey),
    'tls.crt': base64(serving.cert),
    'tls.key': base64(serving.key)
  }
}
