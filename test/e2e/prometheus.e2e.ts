/**
 * The alerts and the dashboard of the chart in a real Prometheus over the metrics of a real guard: a real fault fires each alert,
 * and its repair resolves it. Also runs `helm test`.
 */
import t from 'tap'
import { parse, stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { startFaults } from './alert-faults.ts'
import { freePorts } from './control-plane.ts'
import { CHART, install, NAMESPACE } from './installation.ts'
import { runnerOf } from './kubectl.ts'
import { startPrometheus } from './prometheus.ts'
import { toObjects } from './rendered.ts'
import { createProbes } from './watching.ts'

/** A CA that stays, and a serving certificate that should have been renewed. */
const ca = await createCa('alerts', { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 300 * DAY_MS })
const oldCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], {
  notBeforeMs: Date.now() - 80 * DAY_MS,
  notAfterMs: Date.now() + 10 * DAY_MS
})
const cluster = await install(t, ca, oldCertificate)
const { helm, must, kubectl } = cluster
const rendered = (file: string, ...more: readonly string[]) =>
  helm('template', NAME, CHART, '--show-only', `templates/${file}`, ...more)

/** The age of an audit at which the shortened alert fires; an audit follows a change within 6 s. */
const AUDIT_AGE_S = 20

/** Shortens durations of rules, and nothing else. */
const shorten = (rules: string) =>
  rules
    .replaceAll(/(?<=for: )\d+[mh]/g, '1s')
    .replaceAll(/(?<=\[)\d+m(?=\])/g, '10s')
    .replaceAll(/(?<=> )3600\b/g, String(AUDIT_AGE_S))

const [prometheusRule] = toObjects(await rendered('prometheusrule.yaml', '--set', 'prometheusRule.enabled=true'))
const rules = stringify(prometheusRule?.spec)
const prometheus = await startPrometheus(t, shorten(rules))
const { until } = createProbes(kubectl, line => t.comment(line))
const faults = await startFaults(cluster, prometheus, until)
const names = parse(rules).groups.flatMap((group: { readonly rules: readonly { readonly alert: string }[] }) =>
  group.rules.map(({ alert }) => alert)
)

const isFiring = async (alert: string) => (await prometheus.firing(alert)).length > 0

for (const { alert, fault, during, inject, labels = {}, also = [], repair } of faults.rows) {
  await t.test(`${alert}: ${fault}`, async t => {
    const whileRunning = during?.()
    try {
      await until('no alert before the fault', async () => !(await isFiring(alert)), 60)
      await inject()
      await until('the alert', () => isFiring(alert), 150)
      for (const other of also) await until(other, () => isFiring(other), 60)
      const [first] = await prometheus.firing(alert)
      t.match(first, { labels, annotations: { runbook_url: new RegExp(`^https://.*/runbooks/${alert}$`) } })
      t.notMatch(first?.annotations['summary'], /\{\{|<no value>|error/)
      t.comment(`${first?.annotations['summary']}`)
      await repair()
      await until('no alert after the repair', async () => !(await isFiring(alert)), 150)
    } finally {
      await whileRunning?.stop()
    }
  })
}

await t.test('Prometheus evaluates every rule, and each fired', async t => {
  const evaluated = await prometheus.rules()
  t.same(
    evaluated.map(({ name, health, lastError = '' }) => `${name} ${health} ${lastError}`),
    names.map((name: string) => `${name} ok `)
  )
  t.same([...new Set(faults.rows.map(({ alert }) => alert))].sort(), names.toSorted())
})

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
}

await t.test('every query of the dashboard has data', async t => {
  await faults.decide()
  const [map] = toObjects(await rendered('dashboard.yaml', '--set', 'dashboard.enabled=true')) as unknown as readonly [
    { readonly data: Readonly<Record<string, string>> }
  ]
  const { panels }: Dashboard = JSON.parse(map.data['kserve-mesh-guard.json'] ?? '')
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
  t.ok(queries.length > 20)
  for (const { title, expr } of queries) {
    const query = expr.replaceAll('$__rate_interval', '30s').replaceAll('$job', NAME)
    const hasData = async () => {
      const values = await prometheus.query(query)
      return values.length > 0 && values.every(Number.isFinite)
    }
    await t.resolves(until(`${title}: ${query}`, hasData, 20))
  }
  await t.rejects(prometheus.query('rate(mesh_guard_ready)'), 'an invalid query is an error')
})

interface TestPod {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly containers: readonly { readonly command: readonly string[]; readonly args: readonly string[] }[]
  }
}

/** Runs the command of the Pod of `helm test` against an address of `/readyz`, with the node of the image's program. */
function runTestPod({ spec: { containers } }: TestPod, health: string) {
  const [{ command, args } = { command: [], args: [] }] = containers
  const argv = [...command.slice(1), ...args].map(arg => arg.replace(/^http:\/\/[^/]+/, health))
  return runnerOf(process.execPath)(argv)
}

await t.test('helm test succeeds when a replica is ready', async t => {
  const readPod = async (): Promise<TestPod | undefined> => {
    const { out } = await kubectl(['get', 'pod', `${NAME}-test`, '-n', NAMESPACE, '-o', 'yaml', '--ignore-not-found'])
    return out.trim() === '' ? undefined : parse(out)
  }
  /** What a kubelet does. */
  const runPod = async (health: string) => {
    await until('the Pod', async () => (await readPod()) !== undefined)
    const pod = (await readPod()) as TestPod
    const ran = await runTestPod(pod, health)
    const phase = ran.code === 0 ? 'Succeeded' : 'Failed'
    const patch = ['patch', 'pod', pod.metadata.name, '-n', NAMESPACE, '--subresource=status', '--type=merge', '-p']
    await must([...patch, JSON.stringify({ status: { phase } })])
    return ran
  }
  const [tested, ran] = await Promise.all([helm('test', NAME), runPod(faults.replica().health)])
  t.match(tested, /Phase:\s+Succeeded/)
  t.match(ran.out, /PeerAuthentication: synced.*\nready\n/s, 'prints the details')
  t.equal(await readPod(), undefined, 'the Pod is deleted')
  const [port] = await freePorts(1)
  const [failed, unready] = await Promise.all([
    helm('test', NAME).then(
      () => '',
      (error: Error) => error.message
    ),
    runPod(`http://127.0.0.1:${port}`)
  ])
  t.match(failed, 'failed', 'no replica answers for a minute')
  t.match(unready.out, 'ECONNREFUSED')
})
