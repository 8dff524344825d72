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

/** Users of the controllers, as in the audit log. */
export const KNATIVE_USER = 'system:serviceaccount:knative-serving:controller'
export const KSERVE_USER = 'system:serviceaccount:kserve:kserve-controller-manager'

/**
 * Starts the real controller of Knative Serving, with CRDs and configuration of its modules. There is no autoscaler, no
 * net-istio and no kubelet.
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
  // Images are never pulled.
  const data = { 'registries-skipping-tag-resolving': 'index.docker.io', 'queue-sidecar-image': 'queue-proxy:e2e' }
  await must(['patch', 'configmap', 'config-deployment', '-n', NAMESPACE.knative, '-p', JSON.stringify({ data })])
  await must(['create', 'serviceaccount', 'controller', '-n', NAMESPACE.knative])
  // Its aggregated ClusterRole would need a controller of Kubernetes that does not run.
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

async function setStatus(must: Must, [namespace, kind, name]: readonly string[], status: object): Promise<void> {
  const flags = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
  await must(['patch', String(kind), String(name), '-n', String(namespace), ...flags])
}

const areTrue = (...types: readonly string[]) => types.map(type => ({ type, status: 'True' }))

/** Sets the status that Knative's autoscaler sets for a running revision. */
export async function setScaled(must: Must, namespace: string, revision: string): Promise<void> {
  await setStatus(must, [namespace, 'podautoscaler', revision], {
    observedGeneration: 1,
    serviceName: revision,
    metricsServiceName: `${revision}-private`,
    actualScale: 1,
    desiredScale: 1,
    conditions: areTrue('Active', 'Ready', 'SKSReady', 'ScaleTargetInitialized')
  })
}

export const INGRESS = 'ingresses.networking.internal.knative.dev'

/** Sets the status that net-istio sets for a programmed route. */
export async function setProgrammed(must: Must, namespace: string, route: string): Promise<void> {
  const at = (name: string) => ({ ingress: [{ domainInternal: `${name}.istio-system.svc.cluster.local` }] })
  await setStatus(must, [namespace, INGRESS, route], {
    observedGeneration: 1,
    conditions: areTrue('LoadBalancerReady', 'NetworkConfigured', 'Ready'),
    publicLoadBalancer: at('istio-ingressgateway'),
    privateLoadBalancer: at('knative-local-gateway')
  })
}

const SERVER_SIDE = ['apply', '--server-side', '--force-conflicts']
const NAMESPACE = { knative: 'knative-serving', kserve: 'kserve' } as const
const WEBHOOK_SERVICE = 'kserve-webhook-server-service'
/** Not 443, which requires root. */
const WEBHOOK_PORT = 8443
/** Kinds for cert-manager and kubelet; the certificate is created here, and the manager is a local process. */
const OMITTED_KINDS = ['Certificate', 'Issuer', 'Deployment']

/** Starts the real manager of KServe, with CRDs, configuration, roles and webhooks of its charts. */
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

  const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS }
  const ca = await createCa('kserve', validity)
  const servingCertificate = await issueServingCertificate(ca, [`${WEBHOOK_SERVICE}.${NAMESPACE.kserve}.svc`], validity)
  const certificates = file('k8s-webhook-server/serving-certs')
  mkdirSync(certificates, { recursive: true })
  writeFileSync(join(certificates, 'tls.crt'), servingCertificate.cert)
  writeFileSync(join(certificates, 'tls.key'), servingCertificate.key)

  const objects = toObjects(await render('kserve-resources')).filter(({ kind }) => !OMITTED_KINDS.includes(kind))
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
  await apply(objects.filter(isWebhook).map(one => withServiceAndCa(one as WebhookConfiguration, ca.cert)))
}

interface WebhookConfiguration extends Rendered {
  readonly webhooks: readonly { readonly clientConfig: { readonly service: object } }[]
}

/** Sets the CA bundle like cert-manager, and the Service port. */
function withServiceAndCa(registration: WebhookConfiguration, ca: string): object {
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
