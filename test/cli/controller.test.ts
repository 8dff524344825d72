import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { meshGuard } from '../support/command.ts'
import { failurePolicyIn, installedCluster, NAMESPACE, REFUSAL } from '../support/controller.ts'
import { kubeconfig } from '../support/kubeconfig.ts'
import { end, start } from '../support/program.ts'
import { waitUntil } from '../support/wait-until.ts'
import { listen } from '../support/writable-cluster.ts'

const ENV = { POD_NAMESPACE: NAMESPACE }
const STARTED_MS = 60_000

const cluster = installedCluster()
cluster.refusal = () => REFUSAL
const server = await listen(cluster)
t.teardown(server.close)
const folder = t.testdir({ kubeconfig: kubeconfig(server.url) })
const file = join(folder, 'config.yaml')
const argv = ['serve', '--kubeconfig', join(folder, 'kubeconfig'), '--config', file]
const configure = (certificates: string) => {
  const ports = { port: 0, healthPort: 0 }
  writeFileSync(
    file,
    stringify({
      server: { ...ports, shutdownDelaySeconds: 0, certDir: folder },
      controller: { enabled: true, certificates }
    })
  )
}

t.test('controller without POD_NAMESPACE is an error', async t => {
  for (const certificates of ['mounted', 'selfSigned']) {
    configure(certificates)
    const { code, err } = await meshGuard(...argv)
    t.equal(code, 2)
    t.match(err, 'error: controller.enabled: POD_NAMESPACE is not set; ')
  }
})

t.test('guard registers itself with a self-signed certificate', async t => {
  const program = start(t, argv, '', ENV)
  await waitUntil('registration', () => failurePolicyIn(cluster) === 'Fail', STARTED_MS)
  program.child.kill('SIGTERM')
  t.match(await end(program), { code: 0 })
  t.equal(failurePolicyIn(cluster), 'Fail', 'another replica denies the self-test')
})
