/** Hostile objects on a real API server: decisions match the table, and the guard always answers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { HOSTILE_INPUTS, type Manifest, toJson } from '../support/hostile-inputs.ts'
import { findAssets } from './assets.ts'
import { freePorts, startControlPlane } from './control-plane.ts'
import { startGuard } from './guard.ts'
import type { Kubectl } from './kubectl.ts'
import { registration, VALIDATING } from './registration.ts'

const root = join(import.meta.dirname, '../..')
const cluster = await startControlPlane(findAssets(line => t.comment(line)))
t.teardown(cluster.stop)
const { kubectl } = cluster

async function must(run: Kubectl, args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await run(args, input)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err.slice(0, 1_000)}`)
  return out
}

await must(kubectl, ['apply', '--server-side', '-f', join(import.meta.dirname, 'crds')])
await must(kubectl, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
for (const name of ['istio', 'knative', 'kserve', 'models']) {
  const manifests = readFileSync(join(root, 'examples/cluster', `${name}.yaml`), 'utf8')
  await must(kubectl, ['apply', '-f', '-'], manifests.replaceAll('failurePolicy: Fail', 'failurePolicy: Ignore'))
}
/** Client without admission webhooks. */
const withoutWebhooks = await cluster.startWithoutWebhooks()
const [webhookPort = 0, healthPort = 0] = await freePorts(2)
const guard = await startGuard(cluster.kubeconfig, { webhook: webhookPort, health: healthPort })
t.teardown(() => guard.stop())

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what} timed out: ${guard.logs().slice(-2_000)}`)
    await sleep(50)
  }
}

const ORDINARY = JSON.stringify({
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { namespace: 'user1', name: 'ordinary' },
  spec: { predictor: { model: { modelFormat: { name: 'sklearn' } } } }
})
const REFUSED = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
const DENIED = `admission webhook "${VALIDATING}" denied the request`
/** Sends an ordinary request. @returns the error if the guard did not answer, else an empty string */
async function unanswered(): Promise<string> {
  const { code, err } = await kubectl(['create', '--dry-run=server', '-f', '-'], ORDINARY)
  return code === 0 || err.includes(DENIED) ? '' : err
}

await until('readiness', async () => (await fetch(`${guard.health}/readyz`)).status === 200)
await must(kubectl, ['apply', '-f', '-'], JSON.stringify(registration(guard)))
await until('the webhook configuration to take effect', async () =>
  (await kubectl(['create', '--dry-run=server', '-f', '-'], REFUSED)).err.includes(DENIED)
)

/** Time for the guard to observe a change. */
const SETTLE_MS = 300
const list = (items: readonly unknown[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })

/** Stored versions of these objects. */
async function originals(objects: readonly Manifest[]): Promise<readonly Manifest[]> {
  const out = await must(withoutWebhooks, ['get', '--ignore-not-found', '-o', 'json', '-f', '-'], list(objects))
  if (out.trim() === '') return []
  const { kind, items, ...one } = JSON.parse(out)
  const found: readonly Manifest[] = kind === 'List' ? items : [{ kind, ...one }]
  return found.map(
    ({ metadata: { resourceVersion: _, uid: __, ...metadata }, ...more }) => ({ ...more, metadata }) as Manifest
  )
}

/** API groups of the cluster: it does not serve the Gateway API. */
const SERVED = new Set((await must(kubectl, ['api-versions'])).split('\n').map(one => one.split('/')[0]))

const keyOf = ({ kind, metadata: { namespace = '', name } }: Manifest) => `${kind} ${namespace}/${name}`
/** Object with only its name. */
const toName = ({ apiVersion, kind, metadata: { namespace, name } }: Manifest): Manifest => ({
  apiVersion,
  kind,
  metadata: namespace === undefined ? { name } : { namespace, name }
})

for (const row of HOSTILE_INPUTS) {
  await t.test(row.name, async t => {
    const json = toJson(row)
    if (!SERVED.has(JSON.parse(json).apiVersion.split('/')[0])) return
    const name = toName(JSON.parse(json))
    const beside = row.beside?.() ?? []
    const before = await originals([...beside.map(toName), name])
    const has = new Set(before.map(keyOf))
    const added = [...beside.map(toName), name].filter(one => !has.has(keyOf(one)))
    const missing = beside.filter(one => !has.has(keyOf(one)))
    const other = beside.filter(one => has.has(keyOf(one)))
    if (missing.length > 0) await must(withoutWebhooks, ['create', '--validate=false', '-f', '-'], list(missing))
    if (other.length > 0) await must(withoutWebhooks, ['replace', '--validate=false', '-f', '-'], list(other))
    if (beside.length > 0) await sleep(SETTLE_MS)
    const { code, err } = await kubectl(
      [has.has(keyOf(name)) ? 'replace' : 'create', '--validate=false', '-f', '-'],
      json
    )
    const isDenied = err.includes(DENIED)
    t.notMatch(err, /failed calling webhook|context deadline exceeded/)
    t.equal(code === 0 || isDenied, row.admitted, `decision of the table: ${err.slice(0, 500)}`)
    await sleep(SETTLE_MS)
    t.equal(await unanswered(), '')
    if (added.length > 0)
      await must(withoutWebhooks, ['delete', '--ignore-not-found', '--wait=false', '-f', '-'], list(added))
    if (before.length > 0) await must(withoutWebhooks, ['replace', '--validate=false', '-f', '-'], list(before))
  })
}

await t.test('guard still works afterwards', async t => {
  await until('the guard to answer', async () => (await unanswered()) === '')
  t.equal((await fetch(`${guard.health}/readyz`)).status, 200)
  const { err } = await kubectl(['create', '--dry-run=server', '-f', '-'], REFUSED)
  t.match(err, DENIED)
})
