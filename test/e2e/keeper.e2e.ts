/** The guard as the chart installs it: with the rights of its own roles, reached by its Service, registering itself. */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { DAY_MS, makeAuthority, makeLeaf } from '../../src/keeper/certificate.ts'
import { NAME } from '../../src/keeper/names.ts'
import { type Grant, rolesFor } from '../../src/keeper/rbac.ts'
import { DEFAULT_SETTINGS } from '../../src/model/snapshot.ts'
import { findAssets } from './assets.ts'
import { freePorts, startControlPlane } from './control-plane.ts'
import { type Process, startProcess } from './guard.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-keeper-'))
const AUDIT = join(folder, 'audit.log')
const NAMESPACE = 'mesh-guard'
const USER = `system:serviceaccount:${NAMESPACE}:${NAME}`
/** Loopback, as all Services are here; the guard that listens there is the one that the Service leads to. */
const SERVICE_IP = '127.96.0.77'
const SERVICE_PORT = 8443

writeFileSync(
  join(folder, 'audit.yaml'),
  stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata', users: [USER] }, { level: 'None' }]
  })
)
const cluster = await startControlPlane(
  findAssets(line => t.comment(line)),
  {
    'audit-policy-file': join(folder, 'audit.yaml'),
    'audit-log-path': AUDIT
  }
)
t.teardown(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true })
})
const { kubectl } = cluster

async function must(args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await kubectl(args, input)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`)
  return out
}
const create = (...objects: readonly object[]) =>
  must(['create', '-f', '-'], objects.map(object => stringify(object)).join('---\n'))
const get = async (...args: readonly string[]) => parse(await must(['get', ...args, '-o', 'yaml']))

await must(['apply', '--server-side', '-f', join(import.meta.dirname, 'crds')])
await must(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
for (const name of ['istio', 'knative', 'kserve', 'models']) {
  const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
  await must(['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
}

/** An authority with more than two thirds of its life behind it, and a leaf that is still good. */
const oldAuthority = await makeAuthority('old', {
  fromMs: Date.now() - 300 * DAY_MS,
  untilMs: Date.now() + 65 * DAY_MS
})
const oldLeaf = await makeLeaf(oldAuthority, [`${NAME}.${NAMESPACE}.svc`], {
  fromMs: Date.now() - DAY_MS,
  untilMs: Date.now() + 64 * DAY_MS
})
const metadata = { name: NAME, namespace: NAMESPACE }
await create(
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
  { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: SERVICE_IP, ports: [{ port: SERVICE_PORT }] } },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    stringData: {
      'ca.crt': oldAuthority.cert,
      'ca.key': oldAuthority.key,
      'tls.crt': oldLeaf.cert,
      'tls.key': oldLeaf.key
    }
  },
  { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(kind => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: NAME }
  }))
)
const roles = rolesFor({ namespace: NAMESPACE, serviceAccount: NAME, settings: DEFAULT_SETTINGS, mode: 'secret' })
await create(...roles)

/** The administrator's kubeconfig, with the token of the guard's account instead. */
const kubeconfig = join(folder, 'kubeconfig')
const token = (await must(['create', 'token', NAME, '-n', NAMESPACE])).trim()
const admin = parse(readFileSync(cluster.kubeconfig, 'utf8'))
writeFileSync(kubeconfig, stringify({ ...admin, users: [{ name: 'admin', user: { token } }] }))

async function startReplica(host = SERVICE_IP): Promise<Process> {
  const [port = 0, healthPort = 0] = await freePorts(2)
  const configuration = {
    server: { host, port: host === SERVICE_IP ? SERVICE_PORT : port, healthPort, drainSeconds: 1 },
    keeper: { mode: 'secret', service: { port: SERVICE_PORT } }
  }
  const replica = await startProcess(kubeconfig, configuration, { POD_NAMESPACE: NAMESPACE })
  t.teardown(() => replica.stop('SIGKILL'))
  return replica
}

async function until(what: string, isSo: () => Promise<boolean>, seconds = 30): Promise<number> {
  const started = performance.now()
  while (!(await isSo())) {
    if (performance.now() > started + seconds * 1000) throw new Error(`${what} did not come about within ${seconds} s`)
    await sleep(100)
  }
  const took = (performance.now() - started) / 1000
  t.comment(`${what}: ${took.toFixed(1)} s`)
  return took
}

type Kind = 'mutatingwebhookconfiguration' | 'validatingwebhookconfiguration'
const configuration = (kind: Kind) => get(kind, NAME)
async function policies(): Promise<readonly string[]> {
  const found = [...((await configuration('validatingwebhookconfiguration')).webhooks ?? [])]
  found.push(...((await configuration('mutatingwebhookconfiguration')).webhooks ?? []))
  return found.map(({ name, failurePolicy }) => `${name} ${failurePolicy}`)
}
const isRegistered = async (policy: string) => (await policies()).includes(`validate.mesh-guard.io ${policy}`)
const strictMesh = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
const tryStrict = () => kubectl(['apply', '--dry-run=server', '-f', '-'], strictMesh)
const isGuarded = async () => (await tryStrict()).err.includes('denied the request: strict-mesh-plain-local-gateway')
const harmless = stringify({
  apiVersion: 'networking.istio.io/v1beta1',
  kind: 'Sidecar',
  metadata: { name: 'harmless', namespace: 'user1' },
  spec: {}
})
const tryHarmless = () => kubectl(['apply', '--dry-run=server', '-f', '-'], harmless)

let first = await startReplica()

await t.test('it registers itself, proves itself, and fails closed', async t => {
  await until('fail closed', () => isRegistered('Fail'))
  t.same(await policies(), [
    'validate.mesh-guard.io Fail',
    'core.validate.mesh-guard.io Ignore',
    'self-test.mesh-guard.io Ignore',
    'mutate.mesh-guard.io Fail'
  ])
  t.ok(await isGuarded())
  const namespace = await get('namespace', NAMESPACE)
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'] as const) {
    t.match((await configuration(kind)).metadata.ownerReferences, [{ kind: 'Namespace', uid: namespace.metadata.uid }])
  }
  t.equal(await must(['get', 'configmap', '-n', NAMESPACE, '-o', 'name']), '', 'nothing is left of the self-test')
  const ready = await (await fetch(`${first.health}/readyz?verbose`)).text()
  t.match(ready, 'registration: kept here, failurePolicy Fail')
  t.match(await (await fetch(`${first.health}/metrics`)).text(), 'mesh_guard_fail_closed 1')
})

await t.test('of core kinds only what is read is asked about, and never our own namespace', async t => {
  const map = (namespace: string, name: string, labels = {}) =>
    kubectl(
      ['create', '--dry-run=server', '-f', '-'],
      stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } })
    )
  const asked = () => (first.logs().match(/"msg":"decided"/g) ?? []).length
  const before = asked()
  for (const [namespace, name] of [
    [NAMESPACE, 'istio'],
    ['kube-system', 'istio'],
    ['user1', 'istio'],
    ['kserve', 'other']
  ] as const) {
    t.match(await map(namespace, name), { code: 0 }, `${namespace}/${name}`)
  }
  t.equal(asked(), before)
  t.match(await map('istio-system', 'istio-canary'), { code: 0 })
  await until('a question', async () => asked() === before + 1)
  const test = await map(NAMESPACE, 'any', { 'mesh-guard.io/self-test': '' })
  t.match(test.err, 'admission webhook "self-test.mesh-guard.io" denied the request')
  t.match(await map('user1', 'any', { 'mesh-guard.io/self-test': '' }), { code: 0 })
})

await t.test('the authority rotates while kubectl applies in a loop, and nothing fails', async t => {
  const bundle = async () =>
    Buffer.from((await get('secret', NAME, '-n', NAMESPACE)).data['ca.crt'], 'base64').toString()
  const served = async () =>
    new X509Certificate(Buffer.from((await get('secret', NAME, '-n', NAMESPACE)).data['tls.crt'], 'base64'))
  const stop = new AbortController()
  const failures: string[] = []
  let applied = 0
  const loop = (async () => {
    while (!stop.signal.aborted) {
      const { code, err } = await tryHarmless()
      if (code !== 0) failures.push(err)
      applied++
    }
  })()
  await until('a bundle of both', async () => (await bundle()).match(/BEGIN/g)?.length === 2)
  t.match(await bundle(), oldAuthority.cert.trim())
  t.equal((await served()).issuer, new X509Certificate(oldAuthority.cert).subject, 'the leaf is still the old one')
  await until(
    'a leaf of the new one',
    async () => (await served()).issuer !== new X509Certificate(oldAuthority.cert).subject,
    100
  )
  await until('it is served', async () => first.logs().includes('another certificate is served'))
  // The old connections of the API server are not told: new ones have to be good as well.
  await sleep(3_000)
  stop.abort()
  await loop
  t.same(failures, [])
  t.ok(await isGuarded())
  t.comment(`${applied} applied`)
})

await t.test('what somebody changes is put right', async t => {
  const patch = (kind: Kind, value: unknown) => must(['patch', kind, NAME, '--type=json', '-p', JSON.stringify(value)])
  const isWhole = async () => (await policies()).length === 4 && (await isRegistered('Fail'))
  for (const [what, kind, value] of [
    [
      'a policy',
      'validatingwebhookconfiguration',
      { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }
    ],
    ['all', 'mutatingwebhookconfiguration', { op: 'remove', path: '/webhooks' }]
  ] as const) {
    await patch(kind, [value])
    await t.resolves(until(`${what} repaired`, isWhole))
  }
})

await t.test('what somebody adds is taken out', async t => {
  const condition = [{ name: 'never', expression: 'false' }]
  const value = { op: 'add', path: '/webhooks/0/matchConditions', value: condition }
  await must(['patch', 'validatingwebhookconfiguration', NAME, '--type=json', '-p', JSON.stringify([value])])
  const isClean = async () =>
    (await configuration('validatingwebhookconfiguration')).webhooks[0].matchConditions === undefined
  await until('a condition taken out', isClean)
  t.ok(await isGuarded())
})

const holder = async () => (await get('lease', NAME, '-n', NAMESPACE)).spec?.holderIdentity
let second: Process

await t.test('the leader stops: while another leads, nobody waits for an answer that does not come', async t => {
  // Behind no Service: it leads, or waits to lead.
  second = await startReplica('127.0.0.1')
  const before = await holder()
  const stopped = first.stop('SIGTERM')
  const failures: string[] = []
  let gone = false
  void stopped.then(() => {
    gone = true
  })
  while (!gone) {
    const { code, err } = await tryHarmless()
    if (code !== 0) failures.push(err)
  }
  t.match(await tryHarmless(), { code: 0 })
  t.same(failures, [])
  t.ok(await isRegistered('Ignore'), 'the last one behind the Service has opened it')
  t.match(first.logs(), 'the last replica stops')
  await until('another leader', async () => ![undefined, before].includes(await holder()))
  t.match(await (await fetch(`${second.health}/metrics`)).text(), 'mesh_guard_leader 1')
})

await t.test('it closes when somebody answers again, and opens when nobody does', async t => {
  first = await startReplica()
  await until('fail closed', () => isRegistered('Fail'))
  t.ok(await isGuarded())
  await first.stop('SIGKILL')
  await until('fail open', () => isRegistered('Ignore'))
  t.match(await tryHarmless(), { code: 0 })
  first = await startReplica()
  await until('fail closed', () => isRegistered('Fail'))
})

await t.test('the leader dies without goodbye: another takes over, and the guard never sleeps', async t => {
  const before = await holder()
  await second.stop('SIGKILL')
  const isTaken = async () => {
    t.ok(await isGuarded())
    return (await holder()) !== before
  }
  await until('a new leader', isTaken, 40)
  t.ok(await isRegistered('Fail'))
})

await t.test('it had the right to all it did, and did all that it has a right to', async t => {
  interface Event {
    readonly verb: string
    readonly responseStatus?: { readonly code: number; readonly message?: string }
    readonly requestURI: string
    readonly objectRef?: {
      readonly apiGroup?: string
      readonly resource: string
      readonly namespace?: string
      readonly name?: string
    }
  }
  const events: readonly Event[] = readFileSync(AUDIT, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const isSelfTest = ({ requestURI }: Event) => requestURI.includes('/configmaps?dryRun=All')
  const forbidden = events.filter(event => event.responseStatus?.code === 403 && !isSelfTest(event))
  t.same(
    forbidden.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
    []
  )
  const isUsed = (verb: string, group: string, resource: string, name: string | undefined) =>
    events.some(
      ({ verb: did, objectRef: on }) =>
        did === verb &&
        (on?.apiGroup ?? '') === group &&
        on?.resource === resource &&
        (name === undefined || on.name === name)
    )
  const grants = (roles as readonly { readonly rules?: readonly Grant[] }[]).flatMap(({ rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
      verbs.flatMap(verb =>
        resources.flatMap(resource => resourceNames.map(name => ({ verb, group: apiGroups[0] ?? '', resource, name })))
      )
    )
  )
  for (const { verb, group, resource, name } of grants) {
    t.ok(isUsed(verb, group, resource, name), `${verb} ${resource} ${name ?? ''}`)
  }
  t.comment(`${grants.length} grants, ${events.length} requests`)
})
