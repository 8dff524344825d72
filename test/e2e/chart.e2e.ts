/**
 * The chart with real Helm: golden output in `test/chart`, acceptance by a real API server, and install, upgrade and
 * uninstall without overwriting what the guard manages.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { NAME } from '../../src/controller/names.ts'
import { findAssets, findProgram } from './assets.ts'
import { startControlPlane } from './control-plane.ts'
import { runnerOf } from './kubectl.ts'
import { isForeign, type Rendered, toObjects } from './rendered.ts'

const root = join(import.meta.dirname, '../..')
const CHART = join(root, 'charts/kserve-mesh-guard')
const CASES = join(root, 'test/chart')
const NAMESPACE = 'mesh-guard'
const log = (line: string) => t.comment(line)
const program = findProgram('helm', log)
const offline = runnerOf(program)

const cases = readdirSync(CASES)
  .filter(name => name.endsWith('.values.yaml'))
  .map(name => name.slice(0, -'.values.yaml'.length))
const valuesOf = (name: string) => join(CASES, `${name}.values.yaml`)
const render = (name: string, ...more: readonly string[]) =>
  offline(['template', NAME, CHART, '--namespace', NAMESPACE, '--values', valuesOf(name), ...more])

// Everything awaited outside of tests comes before the first test: tap ends when it is idle.
const cluster = await startControlPlane(findAssets(log))
t.teardown(cluster.stop)
const { kubectl } = cluster
const helm = runnerOf(program, ['--kubeconfig', cluster.kubeconfig])
const must = async (ran: ReturnType<typeof kubectl>) => {
  const { code, out, err } = await ran
  if (code !== 0) throw new Error(err)
  return out
}
const get = async (...args: readonly string[]) => parse(await must(kubectl(['get', ...args, '-o', 'yaml'])))
const create = (object: object, ...more: readonly string[]) =>
  kubectl(['create', '-f', '-', ...more], stringify(object))

const namespace = (name: string, labels = {}) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
for (const name of ['istio-system', 'knative-serving', 'kserve', 'serving']) await must(create(namespace(name)))
await must(create(namespace(NAMESPACE, { 'pod-security.kubernetes.io/enforce': 'restricted' })))
const { uid } = (await get('namespace', NAMESPACE)).metadata
/** The chart as it is released. */
const packages = t.testdir()
await must(offline(['package', CHART, '--destination', packages]))
const [archive = ''] = readdirSync(packages)
const PACKED = join(packages, archive)

for (const name of cases) {
  await t.test(`${name}: lint and output`, async t => {
    const { code, out, err } = await offline(['lint', '--strict', CHART, '--values', valuesOf(name)])
    t.equal(code, 0, out + err)
    const rendered = await render(name)
    t.equal(rendered.code, 0, rendered.err)
    t.equal((await render(name)).out, rendered.out, 'rendering is deterministic')
    const golden = join(CASES, `${name}.golden.yaml`)
    if (process.env['TAP_SNAPSHOT'] === '1') writeFileSync(golden, rendered.out)
    t.equal(rendered.out, readFileSync(golden, 'utf8'))
  })
  await t.test(`${name}: configuration is valid`, async t => {
    const map = toObjects((await render(name)).out).find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === NAME
    )
    const { data } = map as Rendered & { readonly data: Readonly<Record<string, string>> }
    const { controller, server } = parseConfig(data['config.yaml'] ?? '', 'config.yaml')
    t.match(controller, { enabled: true, certificates: name === 'full' ? 'mounted' : 'selfSigned' })
    t.equal(server.host, '0.0.0.0')
  })
}

await t.test('invalid value is an error that names the key', async t => {
  for (const [value, message] of [
    ['replica=3', "at '': additional properties 'replica' not allowed"],
    ['replicas=0', "at '/replicas': minimum"],
    ['image.digest=latest', "at '/image/digest': 'latest' does not match pattern"],
    ['config=null', "at '': missing property 'config'"],
    ['config.rules.no-such-rule=deny', "at '/config/rules': additional properties 'no-such-rule' not allowed"],
    [
      'config.rules.tls-certificate-mismatch=never',
      "at '/config/rules/tls-certificate-mismatch': value must be one of 'deny'"
    ],
    ['config.mesh.istio=x', "at '/config/mesh': additional properties 'istio' not allowed"],
    ['config.controller.enabled=false', "at '/config': additional properties 'controller' not allowed"],
    ['config.server.port=1', "at '/config/server': additional properties 'port' not allowed"],
    ['certManager.enabled=true', "at '/certManager/issuerRef/name': minLength"],
    ['extraEnv[0].value=x', "at '/extraEnv/0': missing property 'name'"],
    ['commonLabels.team=1', "at '/commonLabels/team': got number, want string"],
    ['prometheusRule.runbookUrl=runbooks', "at '/prometheusRule/runbookUrl': 'anyOf' failed"],
    ['dashboard.enable=true', "at '/dashboard': additional properties 'enable' not allowed"],
    ['service.port=https', "at '/service/port': got string, want integer"],
    [`config.mesh.istioNamespace=${NAMESPACE}`, `namespace ${NAMESPACE} has a control plane`]
  ] as const) {
    const { code, err } = await render('default', '--set', value)
    t.equal(code, 1, value)
    t.match(err, message)
  }
})

for (const name of cases) {
  await t.test(`${name}: API server accepts each object`, async t => {
    const objects = toObjects((await render(name)).out)
    for (const object of objects.filter(one => !isForeign(one))) {
      const { code, out, err } = await create(object, '--dry-run=server', '--validate=strict')
      t.equal(code, 0, `${object.kind}: ${out}${err}`)
      t.notMatch(err, 'Warning', object.kind)
    }
  })
  await t.test(`${name}: pods meet the restricted Pod Security Standard`, async t => {
    const deployment = toObjects((await render(name)).out).find(({ kind }) => kind === 'Deployment')
    const template = deployment?.spec?.['template'] as Pick<Rendered, 'metadata' | 'spec'>
    const metadata = { ...template.metadata, name: 'guard', namespace: NAMESPACE }
    const pod = { apiVersion: 'v1', kind: 'Pod', ...template, metadata }
    const { code, err } = await create(pod, '--dry-run=server')
    t.equal(code, 0, err)
    const loose = await create({ ...pod, spec: { ...template.spec, hostNetwork: true } }, '--dry-run=server')
    t.match(loose.err, 'violates PodSecurity "restricted:latest"', 'the standard is enforced')
  })
}

const CONFIGURATIONS = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'] as const
const webhooks = [
  {
    name: 'validate.mesh-guard.io',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    clientConfig: { service: { name: NAME, namespace: NAMESPACE, path: '/validate' } },
    rules: [{ apiGroups: ['example.com'], apiVersions: ['*'], operations: ['CREATE'], resources: ['*'] }]
  }
]
const ownerReferences = [{ apiVersion: 'v1', kind: 'Namespace', name: NAMESPACE, uid }]
const patch = (kind: string, value: object) =>
  must(kubectl(['patch', kind, NAME, '-n', NAMESPACE, '--type=merge', '-p', JSON.stringify(value)]))
const upgrade = (...more: readonly string[]) => must(helm(['upgrade', NAME, PACKED, '--namespace', NAMESPACE, ...more]))

await t.test('install prints notes and registers no webhooks', async t => {
  const notes = await must(helm(['install', NAME, PACKED, '--namespace', NAMESPACE]))
  t.match(notes, 'kubectl delete validatingwebhookconfiguration,mutatingwebhookconfiguration kserve-mesh-guard')
  for (const kind of CONFIGURATIONS) t.notOk((await get(kind, NAME)).webhooks, `${kind} has no webhooks`)
})

await t.test('upgrade keeps what the guard has written', async t => {
  for (const kind of CONFIGURATIONS) await patch(kind, { metadata: { ownerReferences }, webhooks })
  await patch('secret', { data: { 'tls.crt': 'eA==' } })
  await patch('lease', { spec: { holderIdentity: 'one' } })
  await upgrade('--set', 'replicas=3')
  for (const kind of CONFIGURATIONS) t.match(await get(kind, NAME), { metadata: { ownerReferences }, webhooks })
  t.match(await get('secret', NAME, '-n', NAMESPACE), { data: { 'tls.crt': 'eA==' } })
  t.match(await get('lease', NAME, '-n', NAMESPACE), { spec: { holderIdentity: 'one' } })
  t.match(await get('deployment', NAME, '-n', NAMESPACE), { spec: { replicas: 3 } })
  await upgrade('--set', 'replicas=3')
  t.match(await get('deployment', NAME, '-n', NAMESPACE), { metadata: { generation: 2 } }, 'no drift')
})

await t.test('deleted webhook configurations stay without webhooks after an upgrade', async t => {
  await must(kubectl(['delete', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', NAME]))
  await upgrade()
  for (const kind of CONFIGURATIONS) t.notOk((await get(kind, NAME)).webhooks)
})

await t.test('uninstall without a running guard leaves no objects', async t => {
  const kinds = (await must(kubectl(['api-resources', '--verbs=list', '-o', 'name']))).trim().split('\n').join(',')
  const labelled = () =>
    must(kubectl(['get', kinds, '-A', '-l', `app.kubernetes.io/instance=${NAME}`, '-o', 'name', '--ignore-not-found']))
  for (const kind of CONFIGURATIONS) await patch(kind, { metadata: { ownerReferences }, webhooks })
  t.match(await labelled(), `validatingwebhookconfiguration.admissionregistration.k8s.io/${NAME}`)
  await must(helm(['uninstall', NAME, '--namespace', NAMESPACE]))
  t.equal(await labelled(), '')
})
