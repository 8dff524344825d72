import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type t from 'tap'
import { parse, stringify } from 'yaml'
import type { KeyPair } from '../../src/keeper/certificate.ts'
import { NAME } from '../../src/keeper/names.ts'
import { rolesFor } from '../../src/keeper/rbac.ts'
import { DEFAULT_SETTINGS } from '../../src/model/snapshot.ts'
import { findAssets } from './assets.ts'
import { freePorts, startControlPlane } from './control-plane.ts'
import { type Process, startProcess } from './guard.ts'
import type { Kubectl } from './kubectl.ts'
import { definitionOf, POLICY_REPORT } from './report-kinds.ts'
import { type Service, startService } from './service.ts'

const root = join(import.meta.dirname, '../..')
export const NAMESPACE = 'mesh-guard'
const USER = `system:serviceaccount:${NAMESPACE}:${NAME}`
/** Loopback, as all Services are here. */
const SERVICE_IP = '127.96.0.77'
const SERVICE_PORT = 8443

/** A cluster like that of the examples, where the guard is installed as the chart does it, but for its pods. */
export interface Installation {
  readonly kubectl: Kubectl
  /** Runs kubectl, and fails the run when that fails. */
  readonly must: (...args: Parameters<Kubectl>) => Promise<string>
  readonly get: (...args: readonly string[]) => Promise<ReturnType<typeof parse>>
  /** The roles that the guard has, and no others. */
  readonly roles: readonly object[]
  readonly service: Service
  /** A replica behind the Service. */
  readonly startReplica: () => Promise<Process>
  /** All that the guard has asked of the API server, as its audit log tells it. */
  readonly audited: () => readonly unknown[]
}

export async function install(
  { teardown, comment }: Pick<typeof t, 'teardown' | 'comment'>,
  authority: KeyPair,
  leaf: KeyPair
): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-keeper-'))
  const file = (name: string) => join(folder, name)
  writeFileSync(file('audit.yaml'), stringify(AUDIT_POLICY))
  const cluster = await startControlPlane(
    findAssets(line => comment(line)),
    { 'audit-policy-file': file('audit.yaml'), 'audit-log-path': file('audit.log') }
  )
  teardown(async () => {
    await cluster.stop()
    rmSync(folder, { recursive: true })
  })
  const { kubectl } = cluster
  const must = async (args: readonly string[], input?: string) => {
    const { code, out, err } = await kubectl(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
    return out
  }
  const create = (objects: readonly object[]) =>
    must(['create', '-f', '-'], objects.map(object => stringify(object)).join('---\n'))

  await must(['apply', '--server-side', '-f', join(import.meta.dirname, 'crds')])
  await create([definitionOf(POLICY_REPORT)])
  await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  for (const name of ['istio', 'knative', 'kserve', 'models']) {
    const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
    await must(['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
  }
  await create(manifests(authority, leaf))
  const roles = rolesFor({
    namespace: NAMESPACE,
    serviceAccount: NAME,
    settings: DEFAULT_SETTINGS,
    mode: 'secret',
    reports: 'auto'
  })
  await create(roles)

  // The administrator's kubeconfig, with the token of the guard's account instead.
  const token = (await must(['create', 'token', NAME, '-n', NAMESPACE])).trim()
  const admin = parse(readFileSync(cluster.kubeconfig, 'utf8'))
  writeFileSync(file('kubeconfig'), stringify({ ...admin, users: [{ name: 'admin', user: { token } }] }))
  const service = await startService(SERVICE_IP, SERVICE_PORT)
  teardown(service.close)
  return {
    kubectl,
    must,
    get: async (...args) => parse(await must(['get', ...args, '-o', 'yaml'])),
    roles,
    service,
    startReplica: async () => {
      const replica = await start(file('kubeconfig'))
      teardown(() => replica.stop('SIGKILL'))
      service.add(replica)
      return replica
    },
    audited: () =>
      readFileSync(file('audit.log'), 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
  }
}

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [USER] }, { level: 'None' }]
}

async function start(kubeconfig: string): Promise<Process> {
  const [port = 0, healthPort = 0] = await freePorts(2)
  const configuration = {
    server: { port, healthPort, drainSeconds: 2 },
    keeper: { mode: 'secret', service: { port: SERVICE_PORT } }
  }
  return startProcess(kubeconfig, configuration, { POD_NAMESPACE: NAMESPACE })
}

function manifests(authority: KeyPair, leaf: KeyPair): readonly object[] {
  const metadata = { name: NAME, namespace: NAMESPACE }
  const stringData = { 'ca.crt': authority.cert, 'ca.key': authority.key, 'tls.crt': leaf.cert, 'tls.key': leaf.key }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: SERVICE_IP, ports: [{ port: SERVICE_PORT }] } },
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
    ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(kind => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name: NAME }
    }))
  ]
}
