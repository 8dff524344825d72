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
import { installed, LEASE, MUTATING, NAMESPACE, publishedIn, SECRET, VALIDATING } from '../test/support/controller.ts'
import { kubeconfig } from '../test/support/kubeconfig.ts'
import { type NameServer, nameServerOf } from '../test/support/name-server.ts'
import { POLICIES } from '../test/support/watch-harness.ts'
import { serveBy, type WritableCluster } from '../test/support/writable-cluster.ts'

/** The name by which the API server calls the guard. */
export const GUARD = `${NAME}.${NAMESPACE}.svc`
const API = 'api.invalid'

/** Where a client finds its token. */
export type Way = 'file' | 'plugin' | 'kubeconfig'

/** What opens the door of the API server: its certificate, and tokens. */
export interface Door {
  /** The server knows these tokens, and no others. */
  readonly accept: (...tokens: readonly string[]) => void
  /** The client is given a token. */
  readonly give: (token: string, way: Way) => void
  /** The server shows a certificate of another authority, which the client is told of by `trust`. */
  readonly present: () => Promise<void>
  readonly trust: () => void
  /** The kubeconfig is not there, until it is given back. */
  readonly hide: () => void
  readonly unhide: () => void
  /** What the plugin has to say is gone. */
  readonly silence: () => void
}

/** An API server with the state of examples/cluster, which watches, keeps what the keeper writes, and calls the guard. */
export interface Cluster {
  readonly api: ApiServer
  readonly kept: WritableCluster
  readonly kubeconfig: string
  readonly door: Door
  readonly names: NameServer
  /** Each plays what it has as its `fault`. */
  readonly stages: Set<ApiServer>
  /** Addresses of the guard's replicas. */
  readonly webhooks: string[]
  /** PEM of whom to trust for the guard. As with API servers, it takes a moment until a change of it is known. */
  readonly bundle: () => string
  /** Why calls of the guard for its self-test came to nothing. */
  readonly uncalled: readonly string[]
  readonly close: () => Promise<void>
}

/** API servers hear of changes within a second; here time goes ten times as fast. */
const HEARD_MS = 100
/** The server ends each watch after some minutes; here, of the kind that faults are played on, sooner. */
const WATCH_MS = 3_000

export async function startCluster(): Promise<Cluster> {
  const first = await makeCertificate([API])
  const api = await startApiServer(first)
  serveAll(api)
  store(api, readFiles([join(import.meta.dirname, '../examples/cluster')]))
  const kept = installed()
  const names = nameServerOf(API)
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-soak-'))
  const stages = new Set<ApiServer>()
  const webhooks: string[] = []
  const { door, opens } = openDoor(api, folder, first.ca)
  let bundle = ''
  const hearing = setInterval(() => {
    bundle = publishedIn(kept)
  }, HEARD_MS)
  const ending = setInterval(() => {
    if (api.serves(POLICIES)) api.endWatches(POLICIES)
  }, WATCH_MS)
  const uncalled: string[] = []
  const written = writtenBy(kept, async () => {
    try {
      return await callSelfTest(webhooks, bundle)
    } catch (error) {
      // As the registration says, a failure is ignored.
      uncalled.push(String(error))
      return undefined
    }
  })
  api.fault = (request, response, message) => {
    if (!opens(message)) sendStatus(response, 401, 'Unauthorized')
    else if (![...stages].some(stage => stage.fault?.(request, response, message) === true)) {
      return written(request, response, message)
    }
    return true
  }
  return {
    api,
    kept,
    kubeconfig: join(folder, 'config'),
    door,
    names,
    stages,
    webhooks,
    bundle: () => bundle,
    uncalled,
    close: async () => {
      clearInterval(hearing)
      clearInterval(ending)
      names.close()
      await api.close()
      rmSync(folder, { recursive: true })
    }
  }
}

function openDoor(api: ApiServer, folder: string, ca: string) {
  let known: readonly string[] = []
  let next = ca
  let way: Way | undefined
  const file = (name: string) => join(folder, name)
  // In one go: nobody reads half of it.
  const write = (name: string, text: string) => {
    writeFileSync(file(`${name}.new`), text)
    renameSync(file(`${name}.new`), file(name))
  }
  const door: Door = {
    accept: (...tokens) => {
      known = tokens.map(token => `Bearer ${token}`)
    },
    give: (token, by) => {
      write('token', token)
      write('answer', credential(token))
      if (way !== by || by === 'kubeconfig') write('config', configOf(api, by, token, folder))
      way = by
    },
    present: async () => {
      const pair = await makeCertificate([API])
      next = pair.ca
      api.setCertificate(pair)
      api.resetConnections()
    },
    trust: () => write('ca.crt', next),
    hide: () => renameSync(file('config'), file('away')),
    unhide: () => renameSync(file('away'), file('config')),
    silence: () => rmSync(file('answer'))
  }
  door.accept('first')
  door.trust()
  door.give('first', 'file')
  return { door, opens: ({ headers }: IncomingMessage) => known.includes(headers.authorization ?? '') }
}

/** Without its end it would be asked for with each request. */
const credential = (token: string) =>
  JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token, expirationTimestamp: new Date(Date.now() + HOUR_MS) }
  })

function configOf({ url }: ApiServer, way: Way, token: string, folder: string): string {
  const users: Readonly<Record<Way, object>> = {
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
  config.users[0].user = users[way]
  return stringify(config)
}

const KEPT = [SECRET, LEASE, VALIDATING, MUTATING, `/api/v1/namespaces/${NAMESPACE}`]

/** Answers what is written, and what is read of single objects. */
function writtenBy(kept: WritableCluster, selfTest: () => Promise<string | undefined>) {
  return ({ pathname }: URL, response: ServerResponse, message: IncomingMessage): boolean => {
    const isTried = message.method === 'POST'
    if (!isTried && !KEPT.includes(pathname)) return false
    const answer = async () => {
      const refusal = isTried ? await selfTest() : undefined
      if (refusal === undefined) await serveBy(kept, message, response)
      else sendStatus(response, 403, refusal)
    }
    // Whoever asked may be gone before the answer.
    answer().catch(() => response.destroy())
    return true
  }
}

/** Calls the guard. @returns how it refuses */
async function callSelfTest(webhooks: string[], ca: string): Promise<string | undefined> {
  const [webhook] = webhooks
  if (webhook === undefined || ca === '') return undefined
  // Each in turn.
  webhooks.push(...webhooks.splice(0, 1))
  const { text } = await ask(`${webhook}/self-test`, REVIEW, { ca, servername: GUARD, agent: false })
  const { allowed, status } = JSON.parse(text).response
  return allowed ? undefined : `admission webhook "${WEBHOOK.selfTest}" denied the request: ${status.message}`
}
