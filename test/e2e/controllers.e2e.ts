/** The guard with the real controllers of KServe and Knative Serving: mutations are effective, and controllers are not blocked. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { findAssets } from './assets.ts'
import { type AuditEvent, type Cluster, install, NAMESPACE } from './installation.ts'
import { runnerOf } from './kubectl.ts'
import { toObjects } from './rendered.ts'
import { INGRESS, KNATIVE_USER, KSERVE_USER, setProgrammed, setScaled, startKnative, startKserve } from './serving.ts'
import { createProbes } from './watching.ts'

const root = join(import.meta.dirname, '../..')
const INJECT = 'sidecar.istio.io/inject'
const BURST = 'autoscaling.knative.dev/targetBurstCapacity'
/** Namespaces with and without STRICT mTLS. */
const STRICT = 'strict'
const PERMISSIVE = 'permissive'
/** States of the guard while the controllers write. */
const PHASES = ['absent', 'starting', 'up', 'down', 'back'] as const
type Phase = (typeof PHASES)[number]

const model = (namespace: string, name: string, finalizers: readonly string[] = []) => ({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name, namespace, finalizers },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' }, storageUri: 'gs://models/a' } } }
})
const HOLD = 'example.com/hold'
const kept = (phase: Phase) => `${phase}-kept`
const gone = (phase: Phase) => `${phase}-gone`

const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const ca = await createCa('controllers', { ...validity, notAfterMs: Date.now() + 300 * DAY_MS })
const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
const { kubectl, must, get, kubeconfig, service, startReplica, audited, file } = await install(
  t,
  ca,
  servingCertificate,
  {
    examples: ['istio', 'knative'],
    auditRules: [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete'] }],
    controllers: ['deployment-controller', 'replicaset-controller', 'garbage-collector-controller'],
    prepare: async cluster => {
      await startKnative(t, cluster)
      await startKserve(t, cluster)
      await createModels(cluster)
    }
  }
)
const { until } = createProbes(kubectl, line => t.comment(line))

/** Models created before the guard is installed. */
async function createModels({ must }: Cluster): Promise<void> {
  const kserve = readFileSync(join(root, 'examples/cluster/kserve.yaml'), 'utf8')
  const strict = {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: STRICT },
    spec: { mtls: { mode: 'STRICT' } }
  }
  const objects = [
    ...[STRICT, PERMISSIVE].map(name => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    strict,
    ...toObjects(kserve).filter(({ kind }) => kind === 'ClusterServingRuntime'),
    model(STRICT, 'old'),
    ...PHASES.flatMap(phase => [model(PERMISSIVE, kept(phase)), model(PERMISSIVE, gone(phase), [HOLD])])
  ]
  await must(['apply', '-f', '-'], objects.map(object => stringify(object)).join('---\n'))
}

interface Revision {
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
}
const revisionsOf = async (name: string): Promise<readonly Revision[]> =>
  (await get('revision', '-n', STRICT, '-l', `serving.knative.dev/service=${name}-predictor`)).items
const exists = async (...what: readonly string[]) => (await kubectl(['get', ...what])).code === 0
const patch = (namespace: string, name: string, change: object) =>
  must(['patch', 'inferenceservice', name, '-n', namespace, '--type=merge', '-p', JSON.stringify(change)])
const finalizersOf = async (namespace: string, name: string): Promise<readonly string[]> =>
  (await get('inferenceservice', name, '-n', namespace)).metadata.finalizers ?? []

const isRouted = (name: string) => exists('virtualservice', name, '-n', PERMISSIVE)
async function route(name: string): Promise<void> {
  const predictor = `${name}-predictor`
  await until(`a Revision of ${name}`, () => exists('podautoscaler', `${predictor}-00001`, '-n', PERMISSIVE))
  await setScaled(must, PERMISSIVE, `${predictor}-00001`)
  await until('an Ingress of it', () => exists(INGRESS, predictor, '-n', PERMISSIVE))
  await setProgrammed(must, PERMISSIVE, predictor)
  await until('a VirtualService of it', () => isRouted(name))
}

/** Makes the controllers write finalizers, status, and created and deleted objects. */
async function exerciseControllers(phase: Phase): Promise<void> {
  await patch(PERMISSIVE, kept(phase), { metadata: { finalizers: null } })
  await until('the finalizer to be restored', async () => (await finalizersOf(PERMISSIVE, kept(phase))).length > 0)
  await route(kept(phase))
  await patch(PERMISSIVE, gone(phase), { metadata: { finalizers: null } })
  await until('owned objects to be deleted', async () => {
    const left = ['virtualservice', 'service', 'services.serving.knative.dev', 'revision', 'deployment'].map(kind =>
      must(['get', kind, '-n', PERMISSIVE, '-o', 'name'])
    )
    return !(await Promise.all(left)).join('').includes(gone(phase))
  })
}

const spans = new Map<Phase, readonly [number, number]>()
async function during(phase: Phase, action: Promise<unknown>): Promise<void> {
  const from = Date.now()
  await Promise.all([exerciseControllers(phase), action])
  spans.set(phase, [from, Date.now()])
}

const policy = async () => (await get('validatingwebhookconfiguration', NAME)).webhooks?.[0]?.failurePolicy
const untilClosed = () => until('fail closed', async () => (await policy()) === 'Fail')

await t.test('controllers work without the guard', async t => {
  for (const phase of PHASES) {
    await route(gone(phase))
    await must(['delete', 'inferenceservice', gone(phase), '-n', PERMISSIVE, '--wait=false'])
  }
  await until('only the test finalizer to be left', async () => {
    const finalizers = await Promise.all(PHASES.map(phase => finalizersOf(PERMISSIVE, gone(phase))))
    return finalizers.flat().every(one => one === HOLD)
  })
  await until('the old model', async () => (await revisionsOf('old')).length === 1)
  await during('absent', Promise.resolve())
  t.equal(await policy(), undefined)
})

const first = startReplica()
await t.test('controllers work while the guard starts', async t => {
  await during('starting', untilClosed())
  await t.resolves(first)
})

await t.test('model created in a STRICT namespace has the mutations in one Revision', async t => {
  await must(['apply', '-f', '-'], stringify(model(STRICT, 'new')))
  const added = { labels: { [INJECT]: 'true' }, annotations: { [INJECT]: 'true', [BURST]: '0' } }
  t.match(await get('inferenceservice', 'new', '-n', STRICT), { metadata: added })
  await until('pods', async () => (await must(['get', 'pods', '-n', STRICT, '-o', 'name'])).includes('pod/new-'))
  const revisions = await revisionsOf('new')
  t.match(revisions, [{ metadata: { name: 'new-predictor-00001', ...added } }])
  t.equal(revisions.length, 1)
  t.match(await get('podautoscaler', 'new-predictor-00001', '-n', STRICT), {
    metadata: { annotations: { [BURST]: '0' } }
  })
  const pods = (await get('pods', '-n', STRICT, '-l', 'serving.knative.dev/revision=new-predictor-00001')).items
  t.match(pods, [{ metadata: { labels: { [INJECT]: 'true' } } }])
})

await t.test('existing model gets no new Revision', async t => {
  const [before] = await revisionsOf('old')
  t.equal(before?.metadata.labels[INJECT], undefined)
  const unrelated = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' }
  await patch(STRICT, 'old', { metadata: { annotations: unrelated, finalizers: null } })
  await until('KServe to reconcile it', async () => (await finalizersOf(STRICT, 'old')).length > 0)
  // Time for an unwanted Revision to appear.
  await sleep(3_000)
  t.equal((await revisionsOf('old')).length, 1)
  t.equal((await get('inferenceservice', 'old', '-n', STRICT)).metadata.labels, undefined)
})

await t.test('existing model is mutated with its next change, in one Revision', async t => {
  await patch(STRICT, 'old', { metadata: { labels: { team: 'blue' } } })
  await until('another Revision', async () => (await revisionsOf('old')).length > 1)
  await sleep(3_000)
  const revisions = await revisionsOf('old')
  t.equal(revisions.length, 2)
  const newest = revisions.find(({ metadata }) => metadata.name === 'old-predictor-00002')
  t.match(newest, { metadata: { labels: { team: 'blue', [INJECT]: 'true' }, annotations: { [BURST]: '0' } } })
})

await t.test('kubectl plugin explains that model', async t => {
  const plugins = file('plugins')
  mkdirSync(plugins)
  symlinkSync(join(root, 'dist/main.js'), join(plugins, 'kubectl-mesh_guard'))
  const path = [plugins, join(process.execPath, '..'), process.env['PATH']].join(delimiter)
  const program = join(
    findAssets(line => t.comment(line)),
    'kubectl'
  )
  const plugin = runnerOf('env', [`PATH=${path}`, `KUBECONFIG=${kubeconfig}`, program, 'mesh-guard'])
  const { code, out, err } = await plugin(['explain', `${STRICT}/new`])
  t.equal(code, 0, err)
  t.match(out, new RegExp(`^${STRICT}/new: (\\d+) ok of \\1 paths$`, 'm'))
  t.match(out, 'caller --> ingress-gateway')
})

await t.test('controllers work while the guard runs', async t => {
  await during('up', Promise.resolve())
  t.equal(await policy(), 'Fail')
})

await t.test('controllers work after a crash of the guard', async t => {
  await (await first).stop('SIGKILL')
  const refused = await kubectl(['apply', '-f', '-'], stringify(model(PERMISSIVE, 'refused')))
  t.match(refused.err, 'failed calling webhook "mutate.mesh-guard.io"', 'changes of users are denied')
  await during('down', Promise.resolve())
  t.equal(await policy(), 'Fail')
})

await t.test('controllers work while the guard restarts', async t => {
  service.clear()
  await during('back', startReplica())
  await until('changes of users to be admitted', async () => {
    const { code } = await kubectl(['apply', '--dry-run=server', '-f', '-'], stringify(model(PERMISSIVE, 'accepted')))
    return code === 0
  })
  t.equal((await revisionsOf('new')).length, 1)
})

const isOfController = ({ user, userAgent }: AuditEvent) =>
  [KNATIVE_USER, KSERVE_USER].includes(user.username) || userAgent?.includes('generic-garbage-collector') === true
const tookMs = ({ requestReceivedTimestamp, stageTimestamp }: AuditEvent) =>
  Date.parse(stageTimestamp) - Date.parse(requestReceivedTimestamp)

await t.test('no write of a controller is denied by the guard, or slow', async t => {
  const events = audited().filter(isOfController)
  const failed = events.filter(({ responseStatus }) => (responseStatus?.code ?? 0) >= 400)
  // Controllers retry after a conflict, and ignore NotFound on delete.
  const odd = failed.filter(({ responseStatus }) => ![404, 409].includes(responseStatus?.code ?? 0))
  t.same(
    odd.map(({ verb, requestURI, responseStatus }) => `${verb} ${requestURI}: ${responseStatus?.message}`),
    []
  )
  for (const [phase, [from, to]] of spans) {
    const writes = events.filter(({ requestReceivedTimestamp: at }) => Date.parse(at) >= from && Date.parse(at) < to)
    const times = writes.map(tookMs).sort((a, b) => a - b)
    const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? 0
    t.comment(`${phase}: ${times.length} writes, median ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`)
    for (const [verb, resource] of [
      ['patch', 'inferenceservices'],
      ['update', 'inferenceservices/status'],
      ['create', 'virtualservices'],
      ['delete', 'virtualservices'],
      ['create', 'services']
    ] as const) {
      const isOne = ({ verb: did, objectRef: on }: AuditEvent) =>
        did === verb && [on?.resource, on?.subresource].filter(part => part !== undefined).join('/') === resource
      t.ok(writes.some(isOne), `${phase}: ${verb} ${resource}`)
    }
    // An unanswered webhook call takes 5 s.
    t.ok(at(1) < 2_500, `${phase}: at most ${at(1)} ms`)
  }
})
