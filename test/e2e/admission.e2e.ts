import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { planSchema } from '../../src/report/plan.ts'
import { findAssets } from './assets.ts'
import { freePorts, startControlPlane } from './control-plane.ts'
import { MAIN, startGuard } from './guard.ts'
import { runnerOf } from './kubectl.ts'
import { MUTATING, registration, VALIDATING } from './registration.ts'

const root = join(import.meta.dirname, '../..')
const CRDS = join(import.meta.dirname, 'crds')

const assets = findAssets(line => t.comment(line))
const cluster = await startControlPlane(assets)
t.teardown(cluster.stop)
const { kubectl } = cluster
const meshGuard = runnerOf(process.execPath, [MAIN])

/** Runs kubectl. @throws if it fails */
async function must(args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await kubectl(args, input)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
  return out
}

const yaml = (object: unknown) => stringify(object)
const apply = (object: unknown, ...flags: readonly string[]) => kubectl(['apply', '-f', '-', ...flags], yaml(object))
const get = async (kind: string, namespace: string, name: string) =>
  parse(await must(['get', kind, name, '-n', namespace, '-o', 'yaml']))

await must(['apply', '--server-side', '-f', CRDS])
await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
// No server runs for the webhooks of Istio, Knative and KServe.
for (const name of ['istio', 'knative', 'kserve', 'models']) {
  const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
  await must(['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
}

const [webhookPort = 0, healthPort = 0] = await freePorts(2)
const guard = await startGuard(cluster.kubeconfig, { webhook: webhookPort, health: healthPort })
t.teardown(() => guard.stop())

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what} timed out; log of the guard:\n${guard.logs().slice(-2000)}`)
    await sleep(50)
  }
}

const strictMesh = parse(readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8'))
const localGateway = (servers: readonly object[]) => ({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'Gateway',
  metadata: { name: 'knative-local-gateway', namespace: 'knative-serving' },
  spec: { selector: { istio: 'ingressgateway' }, servers }
})
const plain = { hosts: ['*'], port: { name: 'http', number: 8081, protocol: 'HTTP' } }
const mutual = (host: string) => ({
  hosts: [host],
  port: { name: 'https-mesh', number: 8081, protocol: 'HTTPS' },
  tls: { mode: 'ISTIO_MUTUAL' }
})
const STOCK = localGateway([plain])
const BOTH = localGateway([mutual('*.svc.cluster.local'), plain])
const MUTUAL_ONLY = localGateway([mutual('*')])
const clientRule = (host: string) => ({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'DestinationRule',
  metadata: { name: 'default', namespace: 'istio-system' },
  spec: { host, trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } }
})
const LOCAL_GATEWAY_HOST = 'knative-local-gateway.istio-system.svc.cluster.local'
const model = (name: string, namespace: string, metadata: object = {}) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name, namespace, ...metadata },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://models/a' } } }
})

const INJECT = 'sidecar.istio.io/inject'
const BURST = 'autoscaling.knative.dev/targetBurstCapacity'

async function register(): Promise<void> {
  await must(['apply', '-f', '-'], yaml(registration(guard)))
  // API servers use a new configuration after a moment.
  const rejected = model('sklearn-rejected', 'user1', { annotations: { [BURST]: '-2' } })
  await until(
    'the webhook configuration to take effect',
    async () => (await apply(rejected, '--dry-run=server')).code !== 0
  )
}
async function unregister(): Promise<void> {
  await must(['delete', 'validatingwebhookconfiguration', VALIDATING])
  await must(['delete', 'mutatingwebhookconfiguration', MUTATING])
  await until(
    'the webhook configuration to be removed',
    async () => (await apply(clientRule('*.local'), '--dry-run=server')).code === 0
  )
}

await t.test('guard is ready after its cache has synced', async t => {
  await until('readiness', async () => (await fetch(`${guard.health}/readyz`)).status === 200)
  const verbose = await (await fetch(`${guard.health}/readyz?verbose`)).text()
  t.match(verbose, 'InferenceService: synced, 2 objects')
  await register()
})

await t.test('mesh-wide STRICT with a plaintext local gateway is denied', async t => {
  const { code, err } = await kubectl(['apply', '-f', join(root, 'examples/strict-mesh.yaml')])
  t.equal(code, 1)
  t.match(err, `admission webhook "${VALIDATING}" denied the request: strict-mesh-plain-local-gateway:`)
  t.match(err, 'knative-serving/knative-local-gateway', 'names the gateway')
  t.match(err, 'user1/sklearn-iris', 'names the models')
  t.match(err, 'mode: ISTIO_MUTUAL', 'shows the fix')
})

await t.test('the steps of a plan are admitted one after the other', async t => {
  const wanted = join(root, 'examples/mtls-only.yaml')
  t.equal((await kubectl(['apply', '-f', wanted, '--dry-run=server'])).code, 1, 'the order of the file is denied')
  const { code, out } = await meshGuard(['plan', wanted, '--kubeconfig', cluster.kubeconfig, '-o', 'json'])
  t.equal(code, 0)
  const { steps } = planSchema.parse(JSON.parse(out))
  t.same(
    steps.map(({ object }) => object.kind),
    ['Gateway', 'PeerAuthentication', 'DestinationRule', 'Gateway']
  )
  for (const [i, { manifest }] of steps.entries()) {
    // The guard sees a step a moment after kubectl has applied it.
    await until(`step ${i + 1}`, async () => (await apply(manifest, '--dry-run=server')).code === 0)
    t.equal((await apply(manifest)).code, 0)
  }
  const { spec } = await get('gateways.networking.istio.io', 'knative-serving', 'knative-local-gateway')
  t.match(spec.servers, [{ hosts: ['*'], tls: { mode: 'ISTIO_MUTUAL' } }])
  t.equal(spec.servers.length, 1)
  t.match(await get('peerauthentication', 'istio-system', 'default'), { spec: { mtls: { mode: 'STRICT' } } })
  const remove = (kind: string) => kubectl(['delete', kind, 'default', '-n', 'istio-system'])
  for (const undo of [
    () => apply(BOTH),
    () => remove('peerauthentication'),
    () => remove('destinationrule'),
    () => apply(STOCK)
  ])
    await until('the change to be undone', async () => (await undo()).code === 0)
})

await t.test('new model on a stock installation is admitted', async t => {
  const { code, out, err } = await apply(model('sklearn-new', 'user1'))
  t.equal(code, 0, err)
  t.match(out, 'created')
  t.equal(err, '', 'without a warning')
})

await t.test('mesh-wide STRICT without the top-level VirtualService is admitted', async t => {
  const config = await get('configmap', 'kserve', 'inferenceservice-config')
  const ingress = config.data.ingress
  const switched = (value: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'inferenceservice-config', namespace: 'kserve' },
    data: { ...config.data, ingress: value }
  })
  const off = await apply(
    switched(ingress.replace('"disableIstioVirtualHost": false', '"disableIstioVirtualHost": true'))
  )
  t.equal(off.code, 0, off.err)
  await until('the policy to be admitted', async () => (await apply(strictMesh, '--dry-run=server')).code === 0)
  const strict = await apply(strictMesh)
  t.equal(strict.code, 0, strict.err)
  await must(['delete', 'peerauthentication', 'default', '-n', 'istio-system'])
  const on = await apply(switched(ingress))
  t.equal(on.code, 0, on.err)
  await until('denial', async () => (await apply(strictMesh, '--dry-run=server')).code !== 0)
})

await t.test('local gateway that accepts only mTLS is denied, with a dual-mode gateway as fix', async t => {
  const { code, err } = await apply(MUTUAL_ONLY)
  t.equal(code, 1)
  t.match(err, 'plaintext-to-mtls-gateway')
  const lines = err.split('\n')
  const advice = lines.slice(
    lines.findIndex(line => line.includes('apiVersion:')),
    lines.findIndex(line => line.includes('more:'))
  )
  t.match(parse(advice.join('\n')), BOTH)
})

await t.test('DestinationRule with mTLS to the plaintext gateway is denied', async t => {
  const { code, err } = await apply(clientRule('*.local'))
  t.equal(code, 1)
  t.match(err, 'client-mtls-to-plain-listener')
  t.match(err, 'blocks user1/sklearn-iris for external at ingress-gateway->local-gateway')
})

await t.test('dry run gets the same decisions and changes nothing', async t => {
  for (const [change, allowed] of [
    [strictMesh, false],
    [MUTUAL_ONLY, false],
    [clientRule('*.local'), false],
    [BOTH, true]
  ] as const) {
    t.equal((await apply(change, '--dry-run=server')).code === 0, allowed, `${change.kind}`)
  }
  const gateway = await get('gateways.networking.istio.io', 'knative-serving', 'knative-local-gateway')
  t.match(gateway.spec.servers, [plain])
  t.equal(gateway.spec.servers.length, 1)
  t.not((await kubectl(['get', 'peerauthentication', 'default', '-n', 'istio-system'])).code, 0)
})

await t.test('migration to STRICT in the suggested steps is admitted', async t => {
  for (const [what, change] of [
    ['dual-mode gateway', BOTH],
    ['DestinationRule for the gateway host', clientRule(LOCAL_GATEWAY_HOST)],
    ['STRICT', strictMesh],
    ['only ISTIO_MUTUAL', MUTUAL_ONLY]
  ] as const) {
    // Waits until the guard has observed the previous step.
    await until(what, async () => (await apply(change, '--dry-run=server')).code === 0)
    const { code, err } = await apply(change)
    t.equal(code, 0, `${what}: ${err}`)
    if (what === 'only ISTIO_MUTUAL') t.match(err, 'Warning: plaintext-to-mtls-gateway: callers without a sidecar')
  }
})

await t.test('deleting the DestinationRule of the mTLS gateway is denied', async t => {
  await until('denial', async () => {
    const { code } = await kubectl(['delete', 'destinationrule', 'default', '-n', 'istio-system', '--dry-run=server'])
    return code !== 0
  })
  const { code, err } = await kubectl(['delete', 'destinationrule', 'default', '-n', 'istio-system'])
  t.equal(code, 1)
  t.match(err, 'plaintext-to-mtls-gateway')
  t.equal((await get('destinationrule', 'istio-system', 'default')).spec.host, LOCAL_GATEWAY_HOST)
})

await t.test('model created under STRICT gets label, annotation and burst capacity', async t => {
  const { code, err } = await apply(model('sklearn-strict', 'user1'))
  t.equal(code, 0, err)
  const { metadata } = await get('inferenceservice', 'user1', 'sklearn-strict')
  t.equal(metadata.labels[INJECT], 'true')
  t.equal(metadata.annotations[INJECT], 'true')
  t.equal(metadata.annotations[BURST], '0')
})

await t.test('own values of a model are not changed', async t => {
  const own = { labels: { [INJECT]: 'false' }, annotations: { [BURST]: '70' } }
  const { code, err } = await apply(model('sklearn-own', 'user1', own))
  t.equal(code, 0, err)
  const { metadata } = await get('inferenceservice', 'user1', 'sklearn-own')
  t.same(metadata.labels, own.labels)
  t.equal(metadata.annotations[BURST], '70')
  t.equal(metadata.annotations[INJECT], undefined)
})

await t.test('update of a running model adds nothing', async t => {
  const before = await get('inferenceservice', 'user1', 'sklearn-iris')
  await must([
    'annotate',
    'inferenceservice',
    'sklearn-iris',
    '-n',
    'user1',
    'kubectl.kubernetes.io/last-applied-configuration={}',
    '--overwrite'
  ])
  const after = await get('inferenceservice', 'user1', 'sklearn-iris')
  t.same(after.metadata.labels, before.metadata.labels)
  t.same(Object.keys(after.metadata.annotations).sort(), Object.keys(before.metadata.annotations).sort())
})

await t.test('pre-existing findings do not deny unrelated changes', async t => {
  await unregister()
  await must(['apply', '-f', '-'], yaml(STOCK))
  await must(['apply', '-f', '-'], yaml(clientRule('*.local')))
  await must([
    'patch',
    'inferenceservice',
    'sklearn-iris-burst',
    '-n',
    'user1',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":["example.com/wait"]}}'
  ])
  await register()

  const edit = await kubectl(['label', 'inferenceservice', 'sklearn-iris', '-n', 'user1', 'team=blue'])
  t.equal(edit.code, 0, `unrelated edit: ${edit.err}`)
  await must(['delete', 'inferenceservice', 'sklearn-iris-burst', '-n', 'user1', '--wait=false'])
  const release = await kubectl([
    'patch',
    'inferenceservice',
    'sklearn-iris-burst',
    '-n',
    'user1',
    '--type=merge',
    '-p',
    '{"metadata":{"finalizers":null}}'
  ])
  t.equal(release.code, 0, `finalizer removal: ${release.err}`)
  t.not((await kubectl(['get', 'inferenceservice', 'sklearn-iris-burst', '-n', 'user1'])).code, 0, 'deleted')
  const created = await apply(model('sklearn-late', 'user1'), '--dry-run=server')
  t.equal(created.code, 0, 'new model that an existing object blocks')
  t.match(created.err, 'Warning: client-mtls-to-plain-listener')
  const repair = await kubectl(['delete', 'destinationrule', 'default', '-n', 'istio-system'])
  t.equal(repair.code, 0, `fix: ${repair.err}`)
})

await t.test('killed guard fails closed, and answers after a restart', async t => {
  await guard.stop('SIGKILL')
  const failed = await apply(BOTH, '--dry-run=server')
  t.equal(failed.code, 1)
  t.match(failed.err, `failed calling webhook "${VALIDATING}"`)
  const again = await startGuard(cluster.kubeconfig, { webhook: webhookPort, health: healthPort })
  t.teardown(() => again.stop())
  await until('readiness', async () => (await fetch(`${again.health}/readyz`)).status === 200)
  await must(['apply', '-f', '-'], yaml(registration(again)))
  await until('admission', async () => (await apply(BOTH, '--dry-run=server')).code === 0)
})
