import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { HOUR_MS } from '../src/controller/certificate.ts'
import { makeCertificate } from '../src/controller/dev-certificate.ts'
import { NAME, WEBHOOK } from '../src/controller/names.ts'
import { readFiles } from '../src/sources/files.ts'
import { type ApiServer, sendStatus, startApiServer } from '../test/support/api-server.ts'
import { ask, REVIEW } from '../test/support/client.ts'
import { serveAll, store } from '../test/support/cluster.ts'
import {
  caBundleIn,
  installedCluster,
  LEASE,
  MUTATING,
  NAMESPACE,
  SECRET,
  VALIDATING
} from '../test/support/controller.ts'
import { kubeconfig } from '../test/support/kubeconfig.ts'
import { type NameServer, nameServerOf } from '../test/support/name-server.ts'
import { POLICIES } from '../test/support/watch-harness.ts'
import { serveBy, type WritableCluster } from '../test/support/writable-cluster.ts'

/** DNS name that the API server uses for the guard. */
export const GUARD = `${NAME}.${NAMESPACE}.svc`
const API = 'api.invalid'

/** Source of a client's token. */
export type CredentialSource = 'file' | 'plugin' | 'kubeconfig'

/** Certificate of the API server, and tokens that it accepts. */
export interface Access {
  /** Makes the server accept only these tokens. */
  readonly acceptTokens: (...tokens: readonly string[]) => void
  /** Gives the client a token. */
  readonly setToken: (token: string, source: CredentialSource) => void
  /** Replaces the CA and certificate of the server; the client trusts them after `trustServerCa`. */
  readonly present: () => Promise<void>
  readonly trustServerCa: () => void
  /** Removes the kubeconfig until `restoreKubeconfig`. */
  readonly hideKubeconfig: () => void
  readonly restoreKubeconfig: () => void
  /** Makes the exec plugin fail. */
  readonly breakPlugin: () => void
}

/** API server with the state of examples/cluster, which serves watches, stores writes of the controller and calls the webhook. */
export interface Cluster {
  readonly api: ApiServer
  readonly objects: WritableCluster
  readonly kubeconfig: string
  readonly access: Access
  readonly nameServer: NameServer
  /** Views of the API server, each with its own active `fault`. */
  readonly stages: Set<ApiServer>
  /** Addresses of the guard's replicas. */
  readonly webhooks: string[]
  /** CA bundle for the guard, PEM; changes propagate with a delay like in an API server. */
  readonly caBundle: () => string
  /** Errors of self-test calls. */
  readonly selfTestErrors: readonly string[]
  readonly close: () => Promise<void>
}

/** A tenth of the propagation time of an API server. */
const WEBHOOK_CONFIG_PROPAGATION_MS = 100
/** Watch timeout for the kind of the faults; an API server has minutes. */
const WATCH_TIMEOUT_MS = 3_000

export async function startCluster(): Promise<Cluster> {
  const pair = await makeCertificate([API])
  const api = await startApiServer(pair)
  serveAll(api)
  store(api, readFiles([join(import.meta.dirname, '../examples/cluster')]))
  const objects = installedCluster()
  const nameServer = nameServerOf(API)
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-soak-'))
  const stages = new Set<ApiServer>()
  const webhooks: string[] = []
  const { access, isAuthorized } = createAccess(api, folder, pair.ca)
  let caBundle = ''
  const propagation = setInterval(() => {
    caBundle = caBundleIn(objects)
  }, WEBHOOK_CONFIG_PROPAGATION_MS)
  const watchTimeouts = setInterval(() => {
    if (api.serves(POLICIES)) api.endWatches(POLICIES)
  }, WATCH_TIMEOUT_MS)
  const selfTestErrors: string[] = []
  const handleObject = objectHandler(objects, async () => {
    try {
      return await callSelfTest(webhooks, caBundle)
    } catch (error) {
      // The self-test webhook has failurePolicy Ignore.
      selfTestErrors.push(String(error))
      return undefined
    }
  })
  api.fault = (request, response, message) => {
    if (!isAuthorized(message)) sendStatus(response, 401, 'Unauthorized')
    else if (![...stages].some(stage => stage.fault?.(request, response, message) === true)) {
      return handleObject(request, response, message)
    }
    return true
  }
  return {
    api,
    objects,
    kubeconfig: join(folder, 'config'),
    access,
    nameServer,
    stages,
    webhooks,
    caBundle: () => caBundle,
    selfTestErrors,
    close: async () => {
      clearInterval(propagation)
      clearInterval(watchTimeouts)
      nameServer.close()
      await api.close()
      rmSync(folder, { recursive: true })
    }
  }
}

function createAccess(api: ApiServer, folder: string, ca: string) {
  let known: readonly string[] = []
  let next = ca
  let source: CredentialSource | undefined
  const file = (name: string) => join(folder, name)
  // Atomic, so that no partial file is read.
  const write = (name: string, text: string) => {
    writeFileSync(file(`${name}.new`), text)
    renameSync(file(`${name}.new`), file(name))
  }
  const access: Access = {
    acceptTokens: (...tokens) => {
      known = tokens.map(token => `Bearer ${token}`)
    },
    setToken: (token, by) => {
      write('token', token)
      write('answer', credential(token))
      if (source !== by || by === 'kubeconfig') write('config', configOf(api, by, token, folder))
      source = by
    },
    present: async () => {
      const pair = await makeCertificate([API])
      next = pair.ca
      api.setCertificate(pair)
      api.resetConnections()
    },
    trustServerCa: () => write('ca.crt', next),
    hideKubeconfig: () => renameSync(file('config'), file('away')),
    restoreKubeconfig: () => renameSync(file('away'), file('config')),
    breakPlugin: () => rmSync(file('answer'))
  }
  access.acceptTokens('first')
  access.trustServerCa()
  access.setToken('first', 'file')
  return { access, isAuthorized: ({ headers }: IncomingMessage) => known.includes(headers.authorization ?? '') }
}

/** With an expiry, so that the plugin does not run for each request. */
const credential = (token: string) =>
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token, expirationTimestamp: new Date(Date.now() + HOUR_MS) }
  })

function configOf({ url }: ApiServer, source: CredentialSource, token: string, folder: string): string {
  const users: Readonly<Record<CredentialSource, object>> = {
    file: { 'auth-provider': { name: 'file', config: { tokenFile: join(folder, 'token') } } },
    plugin: {
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'cat', args: [join(folder, 'answer')] }
    },
    kubeconfig: { token }
  }
  const config = parse(kubeconfig(url.replace('127.0.0.1', API)))
  config.clusters[0].cluster = {
    server: config.clusters[0].cluster.server,
    'certificate-authority': join(folder, 'ca.crt')
  }
  config.users[0].user = users[source]
  return stringify(config)
}

const OBJECT_PATHS = [SECRET, LEASE, VALIDATING, MUTATING, `/api/v1/namespaces/${NAMESPACE}`]

/** Handles writes, and reads of single objects. */
function objectHandler(objects: WritableCluster, selfTest: () => Promise<string | undefined>) {
  return ({ pathname }: URL, response: ServerResponse, message: IncomingMessage): boolean => {
    const isDryRun = message.method === 'POST'
    if (!isDryRun && !OBJECT_PATHS.includes(pathname)) return false
    const answer = async () => {
      const refusal = isDryRun ? await selfTest() : undefined
      if (refusal === undefined) await serveBy(objects, message, response)
      else sendStatus(response, 403, refusal)
    }
    // The client may have disconnected.
    answer().catch(() => response.destroy())
    return true
  }
}

/** Calls the self-test webhook. @returns the denial message, or `undefined` */
async function callSelfTest(webhooks: string[], ca: string): Promise<string | undefined> {
  const [webhook] = webhooks
  if (webhook === undefined || ca === '') return undefined
  // Round robin.
  webhooks.push(...webhooks.splice(0, 1))
  const { text } = await ask(`${webhook}/self-test`, REVIEW, { ca, servername: GUARD, agent: false })
  const { allowed, status } = JSON.parse(text).response
  return allowed ? undefined : `admission webhook "${WEBHOOK.selfTest}" denied the request: ${status.message}`
}
