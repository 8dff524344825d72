/** Deleting the namespace of the guard, with or without `helm uninstall`, leaves no objects and blocks no changes. */
import t from 'tap'
import { stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { CHART, install, NAMESPACE } from './installation.ts'
import { modelWithFinding, POLICY_REPORT } from './report-kinds.ts'
import { createProbes } from './watching.ts'

const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 60 * DAY_MS }
const ca = await createCa('removal', { ...validity, notAfterMs: Date.now() + 300 * DAY_MS })
const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
const CONFIGURATIONS = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'].map(kind => `${kind}/${NAME}`)
const REPORTS = `${POLICY_REPORT.plural}.${POLICY_REPORT.group}`
const ROLES = ['clusterrole', 'clusterrolebinding', 'role', 'rolebinding']

interface Removal {
  readonly isDown: boolean
  readonly byHelm: boolean
}

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
}

const REMOVALS: Readonly<Record<string, Removal>> = {
  'namespace is deleted while the guard runs': { isDown: false, byHelm: false },
  'namespace is deleted after a crash of the guard, while changes are denied': { isDown: true, byHelm: false },
  'namespace is deleted after helm uninstall and a crash of the guard': { isDown: true, byHelm: true }
}

for (const [how, { isDown, byHelm }] of Object.entries(REMOVALS)) {
  await t.test(how, async t => {
    const { kubectl, must, helm, startReplica } = await install(t, ca, servingCertificate, {
      controllers: ['namespace-controller', 'garbage-collector-controller']
    })
    const { until, tryHarmless, isGuarded } = createProbes(kubectl, line => t.comment(line))
    const exists = async (...what: readonly string[]) => (await kubectl(['get', ...what])).code === 0
    const reports = () => must(['get', REPORTS, '-A', '-o', 'name'])
    const failsClosed = async () => {
      const { items } = JSON.parse(await must(['get', 'validatingwebhookconfigurations', '-o', 'json']))
      const webhooks: readonly Webhook[] = items.flatMap(({ webhooks = [] }) => webhooks)
      return webhooks.some(({ name, failurePolicy }) => name === 'validate.mesh-guard.io' && failurePolicy === 'Fail')
    }
    const replica = await startReplica()
    await until('changes to be denied', isGuarded)
    await until('failurePolicy: Fail', failsClosed)
    await must(['apply', '-f', '-'], stringify(modelWithFinding('maybe')))
    await until('reports', async () => (await reports()) !== '')

    if (isDown) {
      await replica.stop('SIGKILL')
      t.match((await tryHarmless()).err, 'failed calling webhook "validate.mesh-guard.io"')
    }
    if (byHelm) await helm('uninstall', NAME)
    await must(['delete', 'namespace', NAMESPACE, '--wait=false'])
    await replica.stop('SIGTERM')
    await until('changes to be admitted', async () => (await tryHarmless()).code === 0)
    await until('the namespace to be deleted', async () => !(await exists('namespace', NAMESPACE)))
    await until('no webhook configurations', async () => !(await exists(...CONFIGURATIONS)))
    await until('no reports', async () => (await reports()) === '')
    const kinds = (await must(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n')
    const left = kinds.filter(kind => !ROLES.some(role => kind.startsWith(`${role}s.`)))
    t.equal(await must(['get', left.join(), '-A', '-o', 'name', '-l', `app.kubernetes.io/name=${NAME}`]), '')
    t.notOk(await isGuarded())
    await t.resolves(helm('install', NAME, CHART, '--create-namespace'), 'can be installed again')
  })
}
