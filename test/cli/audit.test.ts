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

/** A folder with the stock cluster under a strict mesh. */
function strictCluster(test: Pick<typeof t, 'testdir'>): string {
  const folder = test.testdir({ strict: {} })
  cpSync(CLUSTER, join(folder, 'strict'), { recursive: true })
  cpSync(join(examples, 'strict-mesh.yaml'), join(folder, 'strict', 'strict-mesh.yaml'))
  return folder
}

t.test('exit codes tell how bad it is', async t => {
  const against = ['--against', join(strictCluster(t), 'strict')]
  for (const [name, argv, code] of [
    ['nothing wrong', ['--against', CLUSTER], 0],
    ['a denial', against, 1],
    ['a denial, when nothing counts', [...against, '--fail-on', 'never'], 0],
    ['a warning, when denials count', [...against, '--rule', `${RULE}=warn`], 0],
    ['a warning, when warnings count', [...against, '--rule', `${RULE}=warn`, '--fail-on', 'warn'], 1],
    ['what is for audits alone', [...against, '--rule', `${RULE}=audit`, '--fail-on', 'warn'], 0],
    ['no such path', ['--against', join(CLUSTER, 'nowhere')], 2]
  ] as const) {
    t.equal((await meshGuard('audit', ...argv)).code, code, name)
  }
})

t.test('files: what is wrong, and where', async t => {
  const folder = join(strictCluster(t), 'strict')
  const { out } = await meshGuard('audit', '--against', folder, '--rule', `${RULE}=audit`)
  t.match(out, `audit ${RULE}\n`)
  t.match(out, /strict-mesh\.yaml:\d+: PeerAuthentication istio-system\/default spec\.mtls\.mode\n/)
  t.match(out, /\n\d+ findings?\n$/)
})

t.test('of one namespace: what is about an object or a model there', async t => {
  const folder = join(strictCluster(t), 'strict')
  writeFileSync(join(folder, 'cut.yaml'), CUT)
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
  t.same(await audit('-n', 'user1'), { code: 1, decision: 'deny', objects: [cut] }, 'it cuts models there')
  t.same(await audit('-n', 'user2'), { code: 0, decision: 'allow', objects: [] })
})

/** Mesh mTLS to a gateway that takes none. */
const CUT = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: default, namespace: istio-system }
spec: { host: knative-local-gateway.istio-system.svc.cluster.local, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }
`

t.test('a running cluster, which is only read', async t => {
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
