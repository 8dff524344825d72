import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type t from 'tap'
import { parse, stringify } from 'yaml'
import type { KeyPair } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { findAssets, findProgram } from './assets.ts'
import { type ControlPlane, freePorts, startControlPlane } from './control-plane.ts'
import { type Configured, MAIN, startProcess } from './guard.ts'
import { type Kubectl, runnerOf } from './kubectl.ts'
import { toObjects } from './rendered.ts'
import { definitionOf, POLICY_REPORT } from './report-kinds.ts'
import { type Service, startService } from './service.ts'

const root = join(import.meta.dirname, '../..')
export const CHART = join(root, 'charts/kserve-mesh-guard')
const CRDS = join(import.meta.dirname, 'crds')
export const NAMESPACE = 'mesh-guard'
const USER = `system:serviceaccount:${NAMESPACE}:${NAME}`
/** Not 443, which requires root. */
const SERVICE_PORT = 8443

/** Cluster without the guard. */
export interface Cluster {
  readonly kubectl: Kubectl
  /** Runs kubectl. @throws if it fails */
  readonly must: (...args: Parameters<Kubectl>) => Promise<string>
  readonly get: (...args: readonly string[]) => Promise<ReturnType<typeof parse>>
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  /** @returns the path of a kubeconfig with the permissions of a ServiceAccount */
  readonly kubeconfigOf: (namespace: string, account: string) => Promise<string>
  /** @returns the administrator's kubeconfig with another user, as YAML */
  readonly withUser: (user: object) => string
  /** Path of a file that is removed with the cluster. */
  readonly file: (name: string) => string
  readonly restart: ControlPlane['restart']
  /** Installs the CRD that was omitted. */
  readonly define: (name: string) => Promise<void>
  readonly startWithoutWebhooks: ControlPlane['startWithoutWebhooks']
}

/** Cluster of the examples with the chart installed. Its pods are local processes. */
export interface Installation extends Cluster {
  /** Runs Helm in the namespace of the guard. @throws if it fails */
  readonly helm: (...args: readonly string[]) => Promise<string>
  /** Roles of the chart. */
  readonly roles: readonly object[]
  readonly service: Service
  /** File with a token of the guard's ServiceAccount, as the kubelet would mount it. */
  readonly token: Token
  /** Starts a replica behind the Service, with the current configuration. */
  readonly startReplica: (release?: Release) => Promise<Configured>
  /** Events of the audit log of the API server. */
  readonly audited: () => readonly AuditEvent[]
}

/** Fields of an audit event that tests read. */
export interface AuditEvent {
  readonly verb: string
  readonly requestURI: string
  readonly userAgent?: string
  readonly user: { readonly username: string }
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly responseStatus?: { readonly code: number; readonly message?: string }
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
}

/** Each token is bound to a Secret, as tokens of pods are bound to the pod; deleting the Secret revokes it. */
export interface Token {
  /** Replaces the token in the file. */
  readonly replace: () => Promise<void>
  /** Revokes the token in the file; resolves when the API server rejects it. */
  readonly revoke: () => Promise<void>
}

export type Test = Pick<typeof t, 'teardown' | 'comment'>

/** A chart, and the program of its image. */
export interface Release {
  readonly chart: string
  readonly program: string
}

export const CURRENT: Release = { chart: CHART, program: MAIN }

/** Deviations from the default installation. */
export interface InstallOptions {
  readonly release?: Release
  /** Files of examples/cluster. */
  readonly examples?: readonly string[]
  /** Audit policy rules; default: requests of the guard. */
  readonly auditRules?: readonly object[]
  /** Name of a CRD that is omitted. */
  readonly without?: string
  /** Controllers of Kubernetes to start. */
  readonly controllers?: readonly string[]
  /** Runs before the guard and the controllers start. */
  readonly prepare?: (cluster: Cluster) => Promise<void>
}

export async function install(
  test: Test,
  ca: KeyPair,
  servingCertificate: KeyPair,
  options: InstallOptions = {}
): Promise<Installation> {
  const cluster = await openCluster(test, options)
  const { must, get, file } = cluster
  const helm = helmFor(cluster.kubeconfig, test)
  const { release: installed = CURRENT } = options
  await helm('install', NAME, installed.chart, '--create-namespace', '--set', `service.port=${SERVICE_PORT}`)
  const secret = {
    'ca.crt': ca.cert,
    'ca.key': ca.key,
    'tls.crt': servingCertificate.cert,
    'tls.key': servingCertificate.key
  }
  await must(['patch', 'secret', NAME, '-n', NAMESPACE, '-p', JSON.stringify({ stringData: secret })])
  const token = tokenIn(file('token'), must)
  await token.replace()
  const kubeconfig = file('kubeconfig')
  writeFileSync(
    kubeconfig,
    cluster.withUser({ 'auth-provider': { name: 'file', config: { tokenFile: file('token') } } })
  )
  const { spec } = await get('service', NAME, '-n', NAMESPACE)
  const service = await startService(spec.clusterIP, SERVICE_PORT)
  test.teardown(service.close)
  return {
    ...cluster,
    helm,
    roles: toObjects(await helm('get', 'manifest', NAME)).filter(({ kind }) => kind.endsWith('Role')),
    service,
    token,
    startReplica: async (release = installed) => {
      const { data } = await get('configmap', NAME, '-n', NAMESPACE)
      const replica = await start(kubeconfig, parse(data['config.yaml']), release)
      test.teardown(() => replica.stop('SIGKILL'))
      service.add(replica)
      return replica
    },
    audited: () => toLines(file('audit.log')).map(line => JSON.parse(line))
  }
}

function tokenIn(file: string, must: Installation['must']): Token {
  let count = 0
  const secret = () => `token-${count}`
  return {
    replace: async () => {
      count++
      await must(['create', 'secret', 'generic', secret(), '-n', NAMESPACE])
      const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', secret()]
      const token = await must(['create', 'token', NAME, '-n', NAMESPACE, ...bound])
      writeFileSync(`${file}.new`, token.trim())
      renameSync(`${file}.new`, file)
    },
    revoke: async () => {
      await must(['delete', 'secret', secret(), '-n', NAMESPACE])
      const review = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: readFileSync(file, 'utf8') }
      }
      const isKnown = async () =>
        JSON.parse(await must(['create', '-f', '-', '-o', 'json'], stringify(review))).status.authenticated === true
      while (await isKnown()) await sleep(500)
    }
  }
}

const toLines = (file: string) => readFileSync(file, 'utf8').trim().split('\n')

const ALL_EXAMPLES = ['istio', 'knative', 'kserve', 'models']

/** Starts a control plane with objects of the examples and an audit log. */
export async function openCluster(
  { teardown, comment }: Test,
  { examples = ALL_EXAMPLES, auditRules = RULES, without, controllers = [], prepare }: InstallOptions = {}
): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-controller-'))
  const file = (name: string) => join(folder, name)
  const log = (line: string) => comment(line)
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] }
  writeFileSync(file('audit.yaml'), stringify({ ...policy, rules: [...auditRules, { level: 'None' }] }))
  const { kubectl, kubeconfig, restart, startControllers, startWithoutWebhooks, stop } = await startControlPlane(
    findAssets(log),
    {
      'audit-policy-file': file('audit.yaml'),
      'audit-log-path': file('audit.log')
    }
  )
  teardown(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })
  const must: Cluster['must'] = async (args, input) => {
    const { code, out, err } = await kubectl(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
    return out
  }
  const get: Cluster['get'] = async (...args) => parse(await must(['get', ...args, '-o', 'yaml']))
  const withUser: Cluster['withUser'] = user =>
    stringify({ ...parse(readFileSync(kubeconfig, 'utf8')), users: [{ name: 'admin', user }] })
  const kubeconfigOf: Cluster['kubeconfigOf'] = async (namespace, account) => {
    const token = (await must(['create', 'token', account, '-n', namespace])).trim()
    const path = file(`${namespace}.${account}.kubeconfig`)
    writeFileSync(path, withUser({ token }))
    return path
  }
  const crds = readdirSync(CRDS).flatMap(name => toObjects(readFileSync(join(CRDS, name), 'utf8')))
  const serve = async (isSelected: (name: string) => boolean) => {
    const defined = crds.filter(({ metadata }) => isSelected(metadata.name)).map(one => stringify(one))
    await must(['apply', '--server-side', '-f', '-'], defined.join('---\n'))
    await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  }
  const define: Cluster['define'] = late => serve(name => name === late)
  const cluster = {
    kubectl,
    must,
    get,
    kubeconfig,
    kubeconfigOf,
    withUser,
    file,
    restart,
    define,
    startWithoutWebhooks
  }
  await must(['apply', '-f', '-'], stringify(definitionOf(POLICY_REPORT)))
  await serve(name => name !== without)
  for (const name of examples) {
    const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
    await must(['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
  }
  await prepare?.(cluster)
  if (controllers.length > 0) startControllers(findProgram('kube-controller-manager', log), controllers)
  return cluster
}

function helmFor(kubeconfig: string, { comment }: Test): Installation['helm'] {
  const run = runnerOf(
    findProgram('helm', line => comment(line)),
    ['--kubeconfig', kubeconfig, '--namespace', NAMESPACE]
  )
  return async (...args) => {
    const { code, out, err } = await run(args)
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${err}`)
    return out
  }
}

const RULES = [{ level: 'Metadata', users: [USER] }]

interface ChartConfiguration {
  readonly server: object
}

/** Starts a replica with the configuration of the chart, on loopback ports. */
async function start(kubeconfig: string, configuration: ChartConfiguration, { program }: Release): Promise<Configured> {
  const [port = 0, healthPort = 0] = await freePorts(2)
  // The older release of release.ts has another name for this key.
  const delay = 'drainSeconds' in configuration.server ? 'drainSeconds' : 'shutdownDelaySeconds'
  const server = { ...configuration.server, host: '127.0.0.1', port, healthPort, [delay]: 2 }
  return startProcess(kubeconfig, { ...configuration, server }, { POD_NAMESPACE: NAMESPACE }, program)
}
