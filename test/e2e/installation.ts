import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type t from 'tap'
import { parse, stringify } from 'yaml'
import type { KeyPair } from '../../src/keeper/certificate.ts'
import { NAME } from '../../src/keeper/names.ts'
import { findAssets, findHelm } from './assets.ts'
import { type ControlPlane, freePorts, startControlPlane } from './control-plane.ts'
import { type Process, startProcess } from './guard.ts'
import { type Kubectl, runnerOf } from './kubectl.ts'
import { toObjects } from './rendered.ts'
import { definitionOf, POLICY_REPORT } from './report-kinds.ts'
import { type Service, startService } from './service.ts'

const root = join(import.meta.dirname, '../..')
export const CHART = join(root, 'charts/kserve-mesh-guard')
const CRDS = join(import.meta.dirname, 'crds')
export const NAMESPACE = 'mesh-guard'
const USER = `system:serviceaccount:${NAMESPACE}:${NAME}`
/** Not 443, which only root may listen at. */
const SERVICE_PORT = 8443

/** A cluster like that of the examples, where the chart is installed. Its pods are processes of ours. */
export interface Installation {
  readonly kubectl: Kubectl
  /** Runs kubectl, and fails the run when that fails. */
  readonly must: (...args: Parameters<Kubectl>) => Promise<string>
  readonly get: (...args: readonly string[]) => Promise<ReturnType<typeof parse>>
  /** Runs Helm in the namespace of the guard, and fails the run when that fails. */
  readonly helm: (...args: readonly string[]) => Promise<string>
  /** The roles that the guard has by the chart, and no others. */
  readonly roles: readonly object[]
  readonly service: Service
  readonly restart: ControlPlane['restart']
  /** The file that the kubelet would keep a token of the guard's account in. */
  readonly token: Token
  /** Serves a kind that was left out. */
  readonly define: (name: string) => Promise<void>
  /** A replica behind the Service. */
  readonly startReplica: () => Promise<Process>
  /** All that the guard has asked of the API server, as its audit log tells it. */
  readonly audited: () => readonly unknown[]
}

/** Tokens are bound to a Secret each, as those of pods are to the pod: without it they are worth nothing. */
export interface Token {
  /** Another token, in place of the one in the file. */
  readonly replace: () => Promise<void>
  /** The token in the file is not known any more, once the API server notices. */
  readonly revoke: () => Promise<void>
}

type Test = Pick<typeof t, 'teardown' | 'comment'>

/** @param without names of the CustomResourceDefinition that is left out */
export async function install(test: Test, authority: KeyPair, leaf: KeyPair, without?: string): Promise<Installation> {
  const cluster = await openCluster(test, without)
  const { kubectl, must, file, restart, define } = cluster
  const get: Installation['get'] = async (...args) => parse(await must(['get', ...args, '-o', 'yaml']))
  const helm = helmFor(cluster.kubeconfig, test)
  await helm('install', NAME, CHART, '--create-namespace', '--set', `service.port=${SERVICE_PORT}`)
  const secret = { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key }
  await must(['patch', 'secret', NAME, '-n', NAMESPACE, '-p', JSON.stringify({ stringData: secret })])
  const { data } = await get('configmap', NAME, '-n', NAMESPACE)
  const configuration: ChartConfiguration = parse(data['config.yaml'])

  const token = tokenIn(file('token'), must)
  await token.replace()
  // The administrator's kubeconfig, with the token of the guard's account instead.
  const admin = parse(readFileSync(cluster.kubeconfig, 'utf8'))
  const user = { 'auth-provider': { name: 'file', config: { tokenFile: file('token') } } }
  writeFileSync(file('kubeconfig'), stringify({ ...admin, users: [{ name: 'admin', user }] }))
  const { spec } = await get('service', NAME, '-n', NAMESPACE)
  const service = await startService(spec.clusterIP, SERVICE_PORT)
  test.teardown(service.close)
  return {
    kubectl,
    must,
    get,
    helm,
    roles: toObjects(await helm('get', 'manifest', NAME)).filter(({ kind }) => kind.endsWith('Role')),
    service,
    restart,
    token,
    define,
    startReplica: async () => {
      const replica = await start(file('kubeconfig'), configuration)
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

export interface Cluster extends Pick<Installation, 'kubectl' | 'must' | 'restart' | 'define'> {
  readonly kubeconfig: string
  /** The path of a file that is gone when the cluster is. */
  readonly file: (name: string) => string
}

/** With the objects of the examples; of what the guard does there, an audit log is kept. */
export async function openCluster({ teardown, comment }: Test, without?: string): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-keeper-'))
  const file = (name: string) => join(folder, name)
  writeFileSync(file('audit.yaml'), stringify(AUDIT_POLICY))
  const { kubectl, kubeconfig, restart, stop } = await startControlPlane(
    findAssets(line => comment(line)),
    { 'audit-policy-file': file('audit.yaml'), 'audit-log-path': file('audit.log') }
  )
  teardown(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })
  const must = async (args: readonly string[], input?: string) => {
    const { code, out, err } = await kubectl(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
    return out
  }
  const crds = readdirSync(CRDS).flatMap(name => toObjects(readFileSync(join(CRDS, name), 'utf8')))
  const define = async (meant: (name: string) => boolean) => {
    const defined = crds.filter(({ metadata }) => meant(metadata.name)).map(one => stringify(one))
    await must(['apply', '--server-side', '-f', '-'], defined.join('---\n'))
    await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  }
  await must(['apply', '-f', '-'], stringify(definitionOf(POLICY_REPORT)))
  await define(name => name !== without)
  for (const name of ['istio', 'knative', 'kserve', 'models']) {
    const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
    await must(['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
  }
  return { kubectl, must, kubeconfig, file, restart, define: late => define(name => name === late) }
}

function helmFor(kubeconfig: string, { comment }: Test): Installation['helm'] {
  const run = runnerOf(
    findHelm(line => comment(line)),
    ['--kubeconfig', kubeconfig, '--namespace', NAMESPACE]
  )
  return async (...args) => {
    const { code, out, err } = await run(args)
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${err}`)
    return out
  }
}

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [USER] }, { level: 'None' }]
}

interface ChartConfiguration {
  readonly server: object
}

/** As the chart has it, but for what two processes of one machine cannot share. */
async function start(kubeconfig: string, configuration: ChartConfiguration): Promise<Process> {
  const [port = 0, healthPort = 0] = await freePorts(2)
  const server = { ...configuration.server, host: '127.0.0.1', port, healthPort, drainSeconds: 2 }
  return startProcess(kubeconfig, { ...configuration, server }, { POD_NAMESPACE: NAMESPACE })
}
