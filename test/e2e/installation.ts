import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type t from 'tap'
import { parse, stringify } from 'yaml'
import type { KeyPair } from '../../src/keeper/certificate.ts'
import { NAME } from '../../src/keeper/names.ts'
import { findAssets, findHelm } from './assets.ts'
import { freePorts, startControlPlane } from './control-plane.ts'
import { type Process, startProcess } from './guard.ts'
import { type Kubectl, runnerOf } from './kubectl.ts'
import { toObjects } from './rendered.ts'
import { definitionOf, POLICY_REPORT } from './report-kinds.ts'
import { type Service, startService } from './service.ts'

const root = join(import.meta.dirname, '../..')
export const CHART = join(root, 'charts/kserve-mesh-guard')
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
  /** A replica behind the Service. */
  readonly startReplica: () => Promise<Process>
  /** All that the guard has asked of the API server, as its audit log tells it. */
  readonly audited: () => readonly unknown[]
}

type Test = Pick<typeof t, 'teardown' | 'comment'>

export async function install(test: Test, authority: KeyPair, leaf: KeyPair): Promise<Installation> {
  const cluster = await openCluster(test)
  const { kubectl, must, file } = cluster
  const get: Installation['get'] = async (...args) => parse(await must(['get', ...args, '-o', 'yaml']))
  const helm = helmFor(cluster.kubeconfig, test)
  await helm('install', NAME, CHART, '--create-namespace', '--set', `service.port=${SERVICE_PORT}`)
  const secret = { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key }
  await must(['patch', 'secret', NAME, '-n', NAMESPACE, '-p', JSON.stringify({ stringData: secret })])
  const { data } = await get('configmap', NAME, '-n', NAMESPACE)
  const configuration: ChartConfiguration = parse(data['config.yaml'])

  // The administrator's kubeconfig, with the token of the guard's account instead.
  const token = (await must(['create', 'token', NAME, '-n', NAMESPACE])).trim()
  const admin = parse(readFileSync(cluster.kubeconfig, 'utf8'))
  writeFileSync(file('kubeconfig'), stringify({ ...admin, users: [{ name: 'admin', user: { token } }] }))
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
    startReplica: async () => {
      const replica = await start(file('kubeconfig'), configuration)
      test.teardown(() => replica.stop('SIGKILL'))
      service.add(replica)
      return replica
    },
    audited: () => toLines(file('audit.log')).map(line => JSON.parse(line))
  }
}

const toLines = (file: string) => readFileSync(file, 'utf8').trim().split('\n')

export interface Cluster extends Pick<Installation, 'kubectl' | 'must'> {
  readonly kubeconfig: string
  /** The path of a file that is gone when the cluster is. */
  readonly file: (name: string) => string
}

/** With the objects of the examples; of what the guard does there, an audit log is kept. */
export async function openCluster({ teardown, comment }: Test): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-keeper-'))
  const file = (name: string) => join(folder, name)
  writeFileSync(file('audit.yaml'), stringify(AUDIT_POLICY))
  const { kubectl, kubeconfig, stop } = await startControlPlane(
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
  await must(['apply', '--server-side', '-f', join(import.meta.dirname, 'crds')])
  await must(['apply', '-f', '-'], stringify(definitionOf(POLICY_REPORT)))
  await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  for (const name of ['istio', 'knative', 'kserve', 'models']) {
    const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
    await must(['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
  }
  return { kubectl, must, kubeconfig, file }
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
