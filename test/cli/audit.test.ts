import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { reportSchema } from '../../src/report/report.ts'
import { serveFolder } from '../support/cluster.ts'
import { meshGuard } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'

const examples = join(import.meta.dirname, '../../examples')
const CLUSTER = join(examples, 'cluster')
const RULE = 'strict-mesh-plain-local-gateway'

/** A folder with the example cluster and mesh-wide STRICT. */
function strictCluster(test: Pick<typeof t, 'testdir'>): string {
  const folder = test.testdir({ strict: {} })
  cpSync(CLUSTER, join(folder, 'strict'), { recursive: true })
  cpSync(join(examples, 'strict-mesh.yaml'), join(folder, 'strict', 'strict-mesh.yaml'))
  return folder
}

t.test('exit code is 1 for findings at or above --fail-on', async t => {
  const against = ['--against', join(strictCluster(t), 'strict')]
  for (const [name, argv, code] of [
    ['no findings', ['--against', CLUSTER], 0],
    ['deny finding', against, 1],
    ['deny finding, --fail-on never', [...against, '--fail-on', 'never'], 0],
    ['warn finding, --fail-on deny', [...against, '--rule', `${RULE}=warn`], 0],
    ['warn finding, --fail-on warn', [...against, '--rule', `${RULE}=warn`, '--fail-on', 'warn'], 1],
    ['audit finding, --fail-on warn', [...against, '--rule', `${RULE}=audit`, '--fail-on', 'warn'], 0],
    ['path does not exist', ['--against', join(CLUSTER, 'nowhere')], 2]
  ] as const) {
    t.equal((await meshGuard('audit', ...argv)).code, code, name)
  }
})

t.test('findings in files have file and line', async t => {
  const folder = join(strictCluster(t), 'strict')
  const { out } = await meshGuard('audit', '--against', folder, '--rule', `${RULE}=audit`)
  t.match(out, `audit ${RULE}\n`)
  t.match(out, /strict-mesh\.yaml:\d+: PeerAuthentication istio-system\/default spec\.mtls\.mode\n/)
  t.match(out, /\n\d+ findings?\n$/)
})

t.test('--namespace selects findings whose object or model is in the namespace', async t => {
  const folder = join(strictCluster(t), 'strict')
  writeFileSync(join(folder, 'cut.yaml'), BREAKING_RULE)
  const audit = async (...argv: readonly string[]) => {
    const { code, out } = await meshGuard('audit', '--against', folder, '-o', 'json', ...argv)
    const { decision, findings } = reportSchema.parse(JSON.parse(out))
    return { code, decision, objects: findings.map(({ object }) => `${object.kind} ${object.namespace}`) }
  }
  const strict = 'PeerAuthentication istio-system'
  const cut = 'DestinationRule istio-system'
  t.same(await audit(), { code: 1, decision: 'deny', objects: [cut, strict] })
  t.same(await audit('-A'), await audit())
  t.same(await audit('-n', 'istio-system'), { code: 1, decision: 'deny', objects: [cut, strict] })
  t.same(await audit('-n', 'user1'), { code: 1, decision: 'deny', objects: [cut] }, 'it blocks models in user1')
  t.same(await audit('-n', 'user2'), { code: 0, decision: 'allow', objects: [] })
})

/** mTLS to a gateway that accepts only plaintext. */
const BREAKING_RULE = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: default, namespace: istio-system }
spec: { host: knative-local-gateway.istio-system.svc.cluster.local, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`

t.test('audit of a live cluster', async t => {
  const folder = strictCluster(t)
  const api = await serveFolder(t, join(folder, 'strict'))
  writeFileSync(join(folder, 'config'), kubeconfig(api.url))
  const live = ['--kubeconfig', join(folder, 'config')]
  const { code, out } = await meshGuard('audit', ...live, '-o', 'json')
  t.equal(code, 1)
  const report = reportSchema.parse(JSON.parse(out))
  t.equal(report.decision, 'deny')
  t.match(
    report.findings.find(({ rule }) => rule === RULE),
    { mode: 'deny', object: { namespace: 'istio-system', name: 'default' } }
  )
  t.match(await meshGuard('audit', ...live), {
    code: 1,
    out: `deny ${RULE}\n  PeerAuthentication istio-system/default `
  })

  api.fault = ({ pathname }, response) => {
    const isForbidden = pathname.endsWith('/pods')
    if (isForbidden) response.writeHead(403).end()
    return isForbidden
  }
  t.match(await meshGuard('audit', ...live, '-o', 'json'), { code: 0, out: /"notEvaluated": \[\n/ })
  api.fault = (_request, response) => !!response.writeHead(500).end()
  t.match(await meshGuard('audit', ...live), { code: 3, out: '', err: /^error: the cluster cannot be read: / })
})
