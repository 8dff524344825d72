/** The guard's namespace is deleted, by hand or after Helm: nothing of the guard works on, stays or blocks the cluster. */
import t from 'tap'
import { stringify } from 'yaml'
import { DAY_MS, makeAuthority, makeLeaf } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { CHART, install, NAMESPACE } from './installation.ts'
import { POLICY_REPORT, unclearModel } from './report-kinds.ts'
import { watching } from './watching.ts'

const life = { fromMs: Date.now() - DAY_MS, untilMs: Date.now() + 60 * DAY_MS }
const authority = await makeAuthority('removal', { ...life, untilMs: Date.now() + 300 * DAY_MS })
const leaf = await makeLeaf(authority, [`${NAME}.${NAMESPACE}.svc`], life)
const CONFIGURATIONS = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration'].map(kind => `${kind}/${NAME}`)
const REPORTS = `${POLICY_REPORT.plural}.${POLICY_REPORT.group}`
const ROLES = ['clusterrole', 'clusterrolebinding', 'role', 'rolebinding']

interface Removal {
  readonly isDead: boolean
  readonly byHelm: boolean
}

interface Webhook {
  readonly name: string
  readonly failurePolicy: string
}

const REMOVALS: Readonly<Record<string, Removal>> = {
  'by hand, while it is up: its pods are told to stop as their namespace goes': { isDead: false, byHelm: false },
  'by hand, while it is dead, and changes are refused': { isDead: true, byHelm: false },
  'after Helm has uninstalled it, while it is dead': { isDead: true, byHelm: true }
}

for (const [how, { isDead, byHelm }] of Object.entries(REMOVALS)) {
  await t.test(how, async t => {
    const { kubectl, must, helm, startReplica } = await install(t, authority, leaf, {
      controllers: ['namespace-controller', 'garbage-collector-controller']
    })
    const { until, tryHarmless, isGuarded } = watching(kubectl, line => t.comment(line))
    const exists = async (...what: readonly string[]) => (await kubectl(['get', ...what])).code === 0
    const reports = () => must(['get', REPORTS, '-A', '-o', 'name'])
    const failsClosed = async () => {
      const { items } = JSON.parse(await must(['get', 'validatingwebhookconfigurations', '-o', 'json']))
      const webhooks: readonly Webhook[] = items.flatMap(({ webhooks = [] }) => webhooks)
      return webhooks.some(({ name, failurePolicy }) => name === 'validate.mesh-guard.io' && failurePolicy === 'Fail')
    }
    const replica = await startReplica()
    await until('it guards', isGuarded)
    await until('failurePolicy: Fail', failsClosed)
    await must(['apply', '-f', '-'], stringify(unclearModel('maybe')))
    await until('reports', async () => (await reports()) !== '')

    if (isDead) {
      await replica.stop('SIGKILL')
      t.match((await tryHarmless()).err, 'failed calling webhook "validate.mesh-guard.io"')
    }
    if (byHelm) await helm('uninstall', NAME)
    await must(['delete', 'namespace', NAMESPACE, '--wait=false'])
    await replica.stop('SIGTERM')
    await until('changes go through', async () => (await tryHarmless()).code === 0)
    await until('the namespace gone', async () => !(await exists('namespace', NAMESPACE)))
    await until('no configuration', async () => !(await exists(...CONFIGURATIONS)))
    await until('no report', async () => (await reports()) === '')
    const kinds = (await must(['api-resources', '--verbs=list', '-o', 'name'])).trim().split('\n')
    const left = kinds.filter(kind => !ROLES.some(role => kind.startsWith(`${role}s.`)))
    t.equal(await must(['get', left.join(), '-A', '-o', 'name', '-l', `app.kubernetes.io/name=${NAME}`]), '')
    t.notOk(await isGuarded())
    await t.resolves(helm('install', NAME, CHART, '--create-namespace'), 'and it can come back')
  })
}
