import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { findModule, findProgram } from './assets.ts'
import { end, type Flags, freePorts, startDaemon } from './control-plane.ts'
import type { Cluster, Test } from './installation.ts'
import { runnerOf } from './kubectl.ts'
import { type Rendered, toObjects } from './rendered.ts'
import { startService } from './service.ts'

/** As whom each of the controllers works, as the audit log names them. */
export const KNATIVE_USER = 'system:serviceaccount:knative-serving:controller'
export const KSERVE_USER = 'system:serviceaccount:kserve:kserve-controller-manager'

/**
 * Puts the real controller of Knative Serving into the cluster: its kinds and its configuration, as its modules have
 * them. Nothing scales there, nothing programs the network, and no pod runs.
 */
export async function startKnative(test: Test, cluster: Cluster): Promise<void> {
  const { must } = cluster
  const [serving, networking, caching] = ['serving', 'networking', 'caching'].map(name =>
    join(findModule('knative', `knative.dev/${name}`), 'config')
  ) as [string, string, string]
  const network = ['ingress', 'serverlessservice', 'certificate', 'domain-claim']
  const kinds = [
    join(serving, 'core/300-resources'),
    join(caching, 'image.yaml'),
    ...network.map(name => join(networking, `${name}.yaml`))
  ]
  await must([...SERVER_SIDE, ...kinds.flatMap(path => ['-f', path])])
  await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  const configuration = [join(serving, 'core/configmaps'), join(networking, 'config-network.yaml')]
  await must([...SERVER_SIDE, ...configuration.flatMap(path => ['-f', path])])
  const domain = JSON.stringify({ data: { 'example.com': '' } })
  await must(['patch', 'configmap', 'config-domain', '-n', NAMESPACE.knative, '-p', domain])
  // Images are names here: nobody pulls them.
  const data = { 'registries-skipping-tag-resolving': 'index.docker.io', 'queue-sidecar-image': 'queue-proxy:e2e' }
  await must(['patch', 'configmap', 'config-deployment', '-n', NAMESPACE.knative, '-p', JSON.stringify({ data })])
  await must(['create', 'serviceaccount', 'controller', '-n', NAMESPACE.knative])
  // Its own role is put together from others by a controller of Kubernetes that is not at work here.
  const binding = ['knative-controller', '--clusterrole=cluster-admin', `--user=${KNATIVE_USER}`]
  await must(['create', 'clusterrolebinding', ...binding])
  const flags = { kubeconfig: await cluster.kubeconfigOf(NAMESPACE.knative, 'controller') }
  start(test, cluster, 'knative-controller', flags, {
    SYSTEM_NAMESPACE: NAMESPACE.knative,
    POD_NAME: 'controller-0',
    CONFIG_LOGGING_NAME: 'config-logging',
    CONFIG_OBSERVABILITY_NAME: 'config-observability'
  })
}

type Must = Cluster['must']

async function sayStatus(must: Must, [namespace, kind, name]: readonly string[], status: object): Promise<void> {
  const flags = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
  await must(['patch', String(kind), String(name), '-n', String(namespace), ...flags])
}

const areTrue = (...types: readonly string[]) => types.map(type => ({ type, status: 'True' }))

/** Says what Knative's autoscaler would, of a revision whose pods run. */
export async function sayScaled(must: Must, namespace: string, revision: string): Promise<void> {
  await sayStatus(must, [namespace, 'podautoscaler', revision], {
    observedGeneration: 1,
    serviceName: revision,
    metricsServiceName: `${revision}-private`,
    actualScale: 1,
    desiredScale: 1,
    conditions: areTrue('Active', 'Ready', 'SKSReady', 'ScaleTargetInitialized')
  })
}

export const INGRESS = 'ingresses.networking.internal.knative.dev'

/** Says what net-istio would, of a route that it has programmed. */
export async function sayProgrammed(must: Must, namespace: string, route: string): Promise<void> {
  const at = (name: string) => ({ ingress: [{ domainInternal: `${name}.istio-system.svc.cluster.local` }] })
  await sayStatus(must, [namespace, INGRESS, route], {
    observedGeneration: 1,
    conditions: areTrue('LoadBalancerReady', 'NetworkConfigured', 'Ready'),
    publicLoadBalancer: at('istio-ingressgateway'),
    privateLoadBalancer: at('knative-local-gateway')
  })
}

const SERVER_SIDE = ['apply', '--server-side', '--force-conflicts']
const NAMESPACE = { knative: 'knative-serving', kserve: 'kserve' } as const
const WEBHOOK_SERVICE = 'kserve-webhook-server-service'
/** Not 443, which only root may listen at. */
const WEBHOOK_PORT = 8443
/** What cert-manager and a kubelet would make of: here the certificate is ours, and the manager a process. */
const LEFT_OUT = ['Certificate', 'Issuer', 'Deployment']

/** Puts the real manager of KServe into the cluster, with its own charts: kinds, configuration, roles and webhooks. */
export async function startKserve(test: Test, cluster: Cluster): Promise<void> {
  const { must, get, file } = cluster
  const charts = join(findModule('kserve', 'github.com/kserve/kserve'), 'charts')
  const helm = runnerOf(findProgram('helm', line => test.comment(line)))
  const render = async (chart: string) => {
    const { code, out, err } = await helm(['template', 'kserve', join(charts, chart), '--namespace', NAMESPACE.kserve])
    if (code !== 0) throw new Error(err)
    return out
  }
  await must(['create', 'namespace', NAMESPACE.kserve])
  await must([...SERVER_SIDE, '-f', '-'], await render('kserve-crd-minimal'))
  await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])

  const life = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS }
  const authority = await createCa('kserve', life)
  const leaf = await issueServingCertificate(authority, [`${WEBHOOK_SERVICE}.${NAMESPACE.kserve}.svc`], life)
  const certificates = file('k8s-webhook-server/serving-certs')
  mkdirSync(certificates, { recursive: true })
  writeFileSync(join(certificates, 'tls.crt'), leaf.cert)
  writeFileSync(join(certificates, 'tls.key'), leaf.key)

  const objects = toObjects(await render('kserve-resources')).filter(({ kind }) => !LEFT_OUT.includes(kind))
  const isWebhook = ({ kind }: Rendered) => kind.endsWith('WebhookConfiguration')
  const apply = (some: readonly object[]) =>
    must([...SERVER_SIDE, '-f', '-'], some.map(one => stringify(one)).join('---\n'))
  await apply(objects.filter(one => !isWebhook(one)))
  const port = { op: 'replace', path: '/spec/ports/0/port', value: WEBHOOK_PORT }
  const patch = ['--type=json', '-p', JSON.stringify([port])]
  await must(['patch', 'service', WEBHOOK_SERVICE, '-n', NAMESPACE.kserve, ...patch])
  const [webhookPort = 0, healthPort = 0] = await freePorts(2)
  const flags = {
    kubeconfig: await cluster.kubeconfigOf(NAMESPACE.kserve, 'kserve-controller-manager'),
    'webhook-port': String(webhookPort),
    'health-probe-addr': `127.0.0.1:${healthPort}`,
    'metrics-addr': '127.0.0.1:0'
  }
  start(test, cluster, 'kserve-manager', flags, { TMPDIR: file(''), POD_NAMESPACE: NAMESPACE.kserve })
  const { spec } = await get('service', WEBHOOK_SERVICE, '-n', NAMESPACE.kserve)
  const service = await startService(spec.clusterIP, WEBHOOK_PORT)
  test.teardown(service.close)
  service.add({ webhook: `https://127.0.0.1:${webhookPort}`, health: `http://127.0.0.1:${healthPort}` })
  await apply(objects.filter(isWebhook).map(one => toRegistered(one as Registration, authority.cert)))
}

interface Registration extends Rendered {
  readonly webhooks: readonly { readonly clientConfig: { readonly service: object } }[]
}

/** As cert-manager would complete it. */
function toRegistered(registration: Registration, ca: string): object {
  const caBundle = Buffer.from(ca).toString('base64')
  const webhooks = registration.webhooks.map(webhook => {
    const service = { ...webhook.clientConfig.service, port: WEBHOOK_PORT }
    return { ...webhook, clientConfig: { service, caBundle } }
  })
  return { ...registration, webhooks }
}

function start(
  test: Test,
  { file }: Cluster,
  program: 'knative-controller' | 'kserve-manager',
  flags: Flags,
  env: Flags
): void {
  const child = startDaemon(
    findProgram(program, line => test.comment(line)),
    flags,
    file(`${program}.log`),
    env
  )
  test.teardown(() => end(child))
}
