/** Kubeflow on a real API server with the guard installed by the chart, without any configuration of the mesh. */
import t from 'tap'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { readDistribution, samples, withMetadata } from '../support/distributions.ts'
import { toNamed } from '../support/scenarios.ts'
import { install, NAMESPACE } from './installation.ts'
import { createResettableCluster, isNamespace } from './test-env.ts'
import { createProbes } from './watching.ts'

const { cluster, expected, changes } = readDistribution('kubeflow')
const state = toNamed(cluster)
const namespaces = state.filter(({ name }) => isNamespace(name))

const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const ca = await createCa('kubeflow', { ...validity, notAfterMs: Date.now() + 300 * DAY_MS })
const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
const { kubectl, get, startWithoutWebhooks, startReplica } = await install(t, ca, servingCertificate, {
  examples: [],
  prepare: async ({ must }) => {
    await must(['create', '-f', '-'], namespaces.map(({ text }) => text).join('---\n'))
  }
})
const { until } = createProbes(kubectl, line => t.comment(line))
await createResettableCluster(await startWithoutWebhooks(), namespaces).set(state)
const replica = await startReplica()
await until('readiness', async () => (await fetch(`${replica.health}/readyz`)).status === 200)
await until(
  'fail closed',
  async () => (await get('validatingwebhookconfiguration', NAME)).webhooks?.[0]?.failurePolicy === 'Fail'
)

const DENIED = 'admission webhook "validate.mesh-guard.io" denied the request'
/** Warnings of what the change does not introduce do not alter the decision. */
const isWarned = (err: string) => /^Warning: (?!pre-existing: )/m.test(err)
const decisionOf = (err: string) => (err.includes(DENIED) ? 'deny' : isWarned(err) ? 'warn' : 'allow')

t.test('the chart configures no namespace of the mesh', async t => {
  const { data } = await get('configmap', NAME, '-n', NAMESPACE)
  t.notMatch(data['config.yaml'], 'mesh:')
})

const present = new Set(state.map(({ name }) => name))
for (const { title, delete: isDelete, steps, rules, objects } of changes.filter(({ steps }) => steps.length === 1)) {
  t.test(title, async t => {
    const [{ kind, metadata, ...rest } = { kind: '', metadata: { name: '' } }] = objects
    const exists = present.has(`${kind} ${metadata.namespace}/${metadata.name}`)
    const verb = isDelete ? ['delete'] : [exists ? 'replace' : 'create', '--validate=false']
    const { err } = await kubectl([...verb, '--dry-run=server', '-f', '-'], stringify({ ...rest, kind, metadata }))
    if (!t.equal(decisionOf(err), steps[0], 'decision')) t.comment(err)
    for (const rule of rules) t.ok(err.includes(rule), rule)
  })
}

t.test('sample models are admitted', async t => {
  const { namespace, models } = expected
  const created = samples.map(({ manifest }, i) =>
    stringify(withMetadata(manifest, { namespace, name: `sample-${i}` }))
  )
  const { code, out, err } = await kubectl(['create', '--validate=false', '-f', '-'], created.join('---\n'))
  if (!t.equal(code, 0, 'kubectl')) t.comment(err)
  t.equal(out.split('\n').filter(line => line.endsWith(' created')).length, samples.length)
  const rules = [...err.matchAll(/^Warning: ([^:]+): /gm)].map(([, rule]) => rule ?? '')
  t.same([...new Set(rules)].sort(), models.map(({ rule }) => rule).sort(), 'only the expected warnings')
})
