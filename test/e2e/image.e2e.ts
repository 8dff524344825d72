/** The image: lint of the Dockerfile, and its contents run like the chart runs them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { createCa, DAY_MS, issueServingCertificate } from '../../src/controller/certificate.ts'
import { NAME } from '../../src/controller/names.ts'
import { findHadolint } from './assets.ts'
import { openContainer } from './container.ts'
import { freePorts } from './control-plane.ts'
import { install, NAMESPACE } from './installation.ts'
import { runnerOf } from './kubectl.ts'
import { createProbes } from './watching.ts'

const root = join(import.meta.dirname, '../..')
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const MIB = 1024 * 1024

await t.test('hadolint reports nothing for the Dockerfile, and reports an error', async t => {
  const hadolint = runnerOf(findHadolint(line => t.comment(line)))
  const { code, out } = await hadolint([join(root, 'Dockerfile')])
  t.equal(code, 0, out)
  const wrong = readFileSync(join(root, 'Dockerfile'), 'utf8').replace('node:24-slim AS', 'node AS')
  t.match(await hadolint(['-'], wrong), { code: 1, out: /DL3006/ })
})

const isRoot = process.getuid?.() === 0

await t.test('image serves', { skip: !isRoot && 'requires root to mount' }, async t => {
  const validity = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + 64 * DAY_MS }
  const ca = await createCa('image', validity)
  const servingCertificate = await issueServingCertificate(ca, [`${NAME}.${NAMESPACE}.svc`], validity)
  const { kubectl, must, get, service } = await install(t, ca, servingCertificate)
  const { until } = createProbes(kubectl, line => t.comment(line))
  const { spec } = (await get('deployment', NAME, '-n', NAMESPACE)).spec.template
  const [container] = spec.containers
  const [port = 0, healthPort = 0] = await freePorts(2)
  const configuration = parse((await get('configmap', NAME, '-n', NAMESPACE)).data['config.yaml'])
  const [{ cluster }] = JSON.parse(await must(['config', 'view', '--raw', '-o', 'json'])).clusters
  const api = new URL(cluster.server)

  const folder = mkdtempSync(join(tmpdir(), 'mesh-guard-e2e-image-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const image = openContainer(folder, {
    // Configuration of the chart, with addresses of this machine.
    '/etc/mesh-guard/config.yaml': stringify({
      ...configuration,
      server: { ...configuration.server, host: '127.0.0.1', port, healthPort, shutdownDelaySeconds: 1 }
    }),
    [`${ACCOUNT}/token`]: (await must(['create', 'token', NAME, '-n', NAMESPACE])).trim(),
    [`${ACCOUNT}/ca.crt`]: Buffer.from(cluster['certificate-authority-data'], 'base64').toString(),
    [`${ACCOUNT}/namespace`]: NAMESPACE
  })
  const guard = await image.start(container.args, {
    POD_NAMESPACE: NAMESPACE,
    KUBERNETES_SERVICE_HOST: api.hostname,
    KUBERNETES_SERVICE_PORT: api.port
  })
  t.teardown(() => guard.stop('SIGKILL'))

  await t.test('guard is ready, registers itself and denies a blocking change', async t => {
    service.add(guard)
    const strict = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
    const tryStrict = async () => (await kubectl(['apply', '--dry-run=server', '-f', '-'], strict)).err
    await until('a denial', async () => (await tryStrict()).includes('denied the request: strict-mesh-plain'))
    t.equal((await fetch(`${guard.health}/readyz`)).status, 200)
  })

  await t.test('process has the user of the chart, no privileges, and stays within the memory limit', async t => {
    const status = readFileSync(`/proc/${guard.pid}/status`, 'utf8')
    const { runAsUser, runAsGroup } = spec.securityContext
    t.match(status, new RegExp(`^Uid:(\\t${runAsUser}){4}\n`, 'm'))
    t.match(status, new RegExp(`^Gid:(\\t${runAsGroup}){4}\n`, 'm'))
    for (const line of ['Groups:\t ', 'NoNewPrivs:\t1', 'CapEff:\t0000000000000000', 'CapPrm:\t0000000000000000']) {
      t.match(status, new RegExp(`^${line}$`, 'm'))
    }
    const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
    t.comment(`peak RSS ${Math.round(peak)} MiB`)
    t.match(container.resources.limits.memory, /^\d+Mi$/)
    t.ok(peak > 0 && peak < Number.parseInt(container.resources.limits.memory, 10), `${peak * MIB} bytes`)
  })

  await t.test('root filesystem is read-only', async t => {
    const write = (path: string) => image.run(['node', '-e', `require('node:fs').writeFileSync('${path}', '')`])
    for (const path of ['/app/x', '/x', `${ACCOUNT}/token`]) t.match((await write(path)).err, 'EROFS', path)
    t.match(await image.run(['node', '--version']), { code: 0, out: /^v24\./ })
    t.match((await image.run(['sh', '-c', 'true'])).err, /sh: No such file/, 'no files of the host')
  })
})
