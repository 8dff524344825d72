import { request } from 'node:https'
import { pino } from 'pino'
import t from 'tap'
import { parseConfig } from '../../src/config.ts'
import { makeCertificate } from '../../src/controller/dev-certificate.ts'
import type { ControllerStatus } from '../../src/report/controller-status.ts'
import { type RunningServer, serve } from '../../src/server/serve.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { evaluatorOf } from '../support/evaluator.ts'
import { stockWith } from '../support/snapshot.ts'

const config = parseConfig('server: { port: 0, healthPort: 0 }', 'test')
const { ca, ...keyPair } = await makeCertificate(['127.0.0.1'])
const HOUR_MS = 3_600_000

async function start(controllerStatus: () => ControllerStatus): Promise<RunningServer> {
  const logger = pino({ level: 'silent' })
  const evaluator = await evaluatorOf(staticSource(stockWith()))
  return serve({ config, evaluator, keyPair, ownNamespace: 'mesh-guard', controllerStatus, logger })
}

const status = (more: Partial<ControllerStatus> = {}): ControllerStatus => ({
  certificateExpiryMs: Date.now() + HOUR_MS,
  leader: false,
  failurePolicy: undefined,
  audit: undefined,
  lines: ['webhook configurations: managed by another replica'],
  ...more
})

const SELF_TEST = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', kind: { group: '', version: 'v1', kind: 'ConfigMap' }, operation: 'CREATE', object: {} }
})

function ask(running: RunningServer, trusted: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const url = new URL('/self-test', running.webhook)
    const headers = { 'content-type': 'application/json' }
    const sent = request(url, { method: 'POST', ca: trusted, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
      })
      response.on('end', () => resolve(JSON.parse(text).response))
    })
    sent.on('error', reject)
    sent.end(SELF_TEST)
  })
}

t.test('/readyz and /metrics include the controller status', async t => {
  let controllerStatus = status()
  const running = await start(() => controllerStatus)
  t.teardown(() => running.stop(0))
  const get = async (path: string) => (await fetch(running.health + path)).text()
  t.notMatch(await get('/readyz'), 'webhook configurations')
  t.match(await get('/readyz?verbose'), 'webhook configurations: managed by another replica')
  const until = controllerStatus.certificateExpiryMs / 1000
  const follower = await get('/metrics')
  t.match(follower, `mesh_guard_certificate_expiry_timestamp_seconds ${until}`)
  t.match(follower, /^mesh_guard_leader_election_master_status 0$/m)
  t.notMatch(follower, /^mesh_guard_fail_closed/m)
  for (const [failurePolicy, value] of [
    ['Fail', 1],
    ['Ignore', 0]
  ] as const) {
    controllerStatus = status({ leader: true, failurePolicy })
    const leader = await get('/metrics')
    t.match(leader, /^mesh_guard_leader_election_master_status 1$/m)
    t.match(leader, `mesh_guard_fail_closed ${value}`)
  }
  controllerStatus = status()
  t.notMatch(await get('/metrics'), /^mesh_guard_fail_closed/m, 'absent after leadership ended')
  t.equal((await fetch(`${running.health}/readyz`)).status, 200)
  controllerStatus = status({ certificateExpiryMs: Date.now() - 1 })
  const expired = await fetch(`${running.health}/readyz`)
  t.equal(expired.status, 503)
  t.equal(await expired.text(), 'the certificate has expired\nnot ready\n')
  t.match(await get('/metrics'), /^mesh_guard_ready 0$/m)
})

t.test('metrics include the findings of the last audit', async t => {
  let controllerStatus = status()
  const running = await start(() => controllerStatus)
  t.teardown(() => running.stop(0))
  const metrics = async () =>
    (await (await fetch(`${running.health}/metrics`)).text())
      .split('\n')
      .filter(line => line.startsWith('mesh_guard_audit'))
  t.same(await metrics(), [], 'absent on other replicas')
  const one = { rule: 'some-rule', mode: 'deny', count: 1 }
  const findings = [
    { ...one, count: 2 },
    { rule: 'some-rule', mode: 'warn', count: 1 }
  ]
  const counted = [
    'mesh_guard_audit_findings{rule="some-rule",mode="deny"} 2',
    'mesh_guard_audit_findings{rule="some-rule",mode="warn"} 1'
  ]
  controllerStatus = status({ leader: true, audit: { lastSuccessMs: undefined, findings } })
  t.same(await metrics(), counted, 'reports not yet written')
  controllerStatus = status({ leader: true, audit: { lastSuccessMs: 5_000, findings } })
  t.same(await metrics(), ['mesh_guard_audit_last_success_timestamp_seconds 5', ...counted])
  controllerStatus = status({ leader: true, audit: { lastSuccessMs: 9_500, findings: [one] } })
  t.same(await metrics(), [
    'mesh_guard_audit_last_success_timestamp_seconds 9.5',
    'mesh_guard_audit_findings{rule="some-rule",mode="deny"} 1'
  ])
  controllerStatus = status()
  t.same(await metrics(), [], 'absent after leadership ended')
})

t.test('self-test is denied until shutdown', async t => {
  const running = await start(status)
  const refused = { uid: 'u', allowed: false, status: { code: 403, reason: 'Forbidden' } }
  t.match(await ask(running, ca), refused)
  const ready: number[] = []
  await running.stop(0, async () => {
    t.match(await ask(running, ca), { uid: 'u', allowed: true })
    ready.push((await fetch(`${running.health}/readyz`)).status)
  })
  t.same(ready, [200], 'beforeDrain runs while ready')
})

t.test('reload replaces the serving certificate', async t => {
  const running = await start(status)
  t.teardown(() => running.stop(0))
  const { ca: otherCa, ...other } = await makeCertificate(['127.0.0.1'])
  await t.rejects(ask(running, otherCa))
  running.reload(other)
  await t.rejects(ask(running, ca))
  t.match(await ask(running, otherCa), { uid: 'u' })
  t.throws(() => running.reload({ cert: keyPair.cert, key: other.key }), { code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' })
  t.match(await ask(running, otherCa), { uid: 'u' }, 'previous certificate stays active')
})
