import { type Logger, pino } from 'pino'
import { type ApiClient, createApiClient } from '../../src/controller/api.ts'
import { NAME, PATHS, WEBHOOK } from '../../src/controller/names.ts'
import type { WebhookOptions } from '../../src/controller/webhook-definitions.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'
import { type WritableCluster, writableCluster } from './writable-cluster.ts'

export const NAMESPACE = 'mesh-guard'
export const VALIDATING = PATHS.configuration('validatingwebhookconfigurations')
export const MUTATING = PATHS.configuration('mutatingwebhookconfigurations')
export const SECRET = PATHS.secret(NAMESPACE)
export const LEASE = PATHS.lease(NAMESPACE)
/** Error message of the API server if the guard denied the self-test. */
export const REFUSAL = `admission webhook "${WEBHOOK.selfTest}" denied the request: it works`

/** A cluster with the objects of the chart that the controller fills. */
export function installedCluster(): WritableCluster {
  const cluster = writableCluster()
  for (const path of [VALIDATING, MUTATING, SECRET, LEASE]) cluster.put(path, { metadata: { name: NAME } })
  cluster.put(PATHS.namespace(NAMESPACE), { metadata: { name: NAMESPACE, uid: 'u-1' } })
  return cluster
}

export const apiClientFor = (cluster: WritableCluster): ApiClient => createApiClient(cluster.transport, 1_000)

export const webhookOptions = (more: Partial<WebhookOptions> = {}): WebhookOptions => ({
  namespace: NAMESPACE,
  service: { name: NAME, port: 443 },
  settings: DEFAULT_SETTINGS,
  caBundle: 'PEM',
  failurePolicy: 'Ignore',
  ...more
})

/** A logger, and its lines as level and message. */
export function recordingLogger(): { readonly log: Logger; readonly logLines: readonly string[] } {
  const logLines: string[] = []
  const write = (line: string) => {
    const { level, msg, message, managers } = JSON.parse(line)
    logLines.push([pino.levels.labels[level], msg, message, managers].filter(part => part !== undefined).join(' '))
  }
  return { log: pino({}, { write }), logLines }
}

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
  readonly clientConfig: { readonly caBundle: string }
}

export const webhooksAt = (cluster: WritableCluster, path: string) =>
  (cluster.get(path)['webhooks'] ?? []) as readonly Webhook[]

/** `failurePolicy` for mesh changes. */
export const failurePolicyIn = (cluster: WritableCluster) =>
  webhooksAt(cluster, VALIDATING).find(({ name }) => name === WEBHOOK.validate)?.failurePolicy

/** CA bundle of the validating webhooks, PEM. */
export function caBundleIn(cluster: WritableCluster): string {
  const [{ clientConfig } = { clientConfig: { caBundle: '' } }] = webhooksAt(cluster, VALIDATING)
  return Buffer.from(clientConfig.caBundle, 'base64').toString()
}
