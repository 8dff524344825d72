/** Faults that fire the alerts of the chart, and their repairs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { NAME } from '../../src/controller/names.ts'
import type { PolicyRule } from '../../src/controller/rbac.ts'
import type { Configured } from './guard.ts'
import { type Installation, NAMESPACE } from './installation.ts'
import type { Prometheus } from './prometheus.ts'
import { modelWithFinding } from './report-kinds.ts'
import type { Probes } from './watching.ts'

/** Something that runs until it is stopped. */
interface Running {
  readonly stop: () => Promise<void>
}

export interface AlertFault {
  readonly alert: string
  readonly fault: string
  readonly inject: () => Promise<void>
  readonly repair: () => Promise<void>
  /** Activity from before the fault until after its repair. */
  readonly during?: () => Running
  /** Other alerts that the fault fires. */
  readonly also?: readonly string[]
  /** Labels of the alert. */
  readonly labels?: Readonly<Record<string, string>>
}

export interface AlertFaults {
  readonly rows: readonly AlertFault[]
  readonly replica: () => Configured
  /** Makes the guard decide about changes: denied, warned about, mutated, and not evaluated. */
  readonly decide: () => Promise<void>
}

const root = join(import.meta.dirname, '../..')
const REVIEW = readFileSync(join(root, 'examples/review.json'), 'utf8')
const STRICT = readFileSync(join(root, 'examples/strict-mesh.yaml'), 'utf8')
/** `server.maxInFlight` of the chart. */
const MAX_IN_FLIGHT = 64
const OUTAGE_MS = 25_000
/** Longer than the timeout of the requests that are evaluated. */
const PAUSE_MS = 6_000

const EXPIRED = {
  rule: 'inject-value-invalid',
  selector: { namespaces: ['user1'] },
  reason: 'The model is replaced soon',
  owner: 'team-a',
  expires: '2020-01-31'
}

type Role = 'clusterrole' | 'role'

/** Repeats an action until stopped. */
function repeat(action: (times: number) => Promise<unknown>, pauseMs: number): Running {
  let isOver = false
  const loop = async () => {
    for (let times = 0; !isOver; times++) {
      await action(times)
      await sleep(pauseMs)
    }
  }
  const done = loop()
  return {
    stop: async () => {
      isOver = true
      await done
    }
  }
}

/** @returns the status, or 0 if the connection fails */
function post(address: string, body: string, contentLength = Buffer.byteLength(body)): Promise<number> & Disposable {
  const headers = { 'content-type': 'application/json', 'content-length': contentLength }
  // The certificate is for the name of the Service.
  const sent = request(address, { method: 'POST', headers, rejectUnauthorized: false })
  const status = new Promise<number>(resolve => {
    sent.on('response', response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', () => resolve(0))
  })
  if (contentLength === Buffer.byteLength(body)) sent.end(body)
  else sent.write(body)
  return Object.assign(status, { [Symbol.dispose]: () => sent.destroy() })
}

export async function startFaults(
  { must, kubectl, get, restart, service, startReplica }: Installation,
  prometheus: Prometheus,
  until: Probes['until']
): Promise<AlertFaults> {
  const state: { replica?: Configured } = {}
  const replica = () => state.replica as Configured
  const start = async () => {
    state.replica = await startReplica()
    prometheus.scrape(state.replica.health)
  }
  const crash = async () => {
    service.clear()
    await replica().stop('SIGKILL')
  }
  const isReady = () => fetch(`${replica().health}/readyz`).then(({ ok }) => ok)

  const setRules = (role: Role, rules: readonly PolicyRule[]) =>
    must(['patch', role, NAME, '-n', NAMESPACE, '--type=merge', '-p', JSON.stringify({ rules })])
  const granted: Record<Role, readonly PolicyRule[]> = {
    clusterrole: (await get('clusterrole', NAME)).rules,
    role: (await get('role', NAME, '-n', NAMESPACE)).rules
  }
  /** Removes a permission from the role of the chart. */
  const revoke = async (role: Role, resource: string, verbs: readonly string[]) => {
    const rules = granted[role].flatMap(rule => [
      { ...rule, resources: rule.resources.filter(one => one !== resource) },
      { ...rule, resources: [resource], verbs: rule.verbs.filter(verb => !verbs.includes(verb)) }
    ])
    const isUsed = ({ resources, verbs }: PolicyRule) => resources.length > 0 && verbs.length > 0
    const had = (rule: PolicyRule) =>
      granted[role].some(
        ({ apiGroups, resources }) =>
          String(apiGroups) === String(rule.apiGroups) && rule.resources.every(one => resources.includes(one))
      )
    await setRules(
      role,
      rules.filter(rule => isUsed(rule) && had(rule))
    )
  }
  const restore = async (role: Role) => {
    await setRules(role, granted[role])
  }

  const configure = (change: (configuration: Record<string, unknown>) => string) => {
    const before = readFileSync(replica().configFile, 'utf8')
    writeFileSync(replica().configFile, change(parse(before)))
    return before
  }
  const saved = { configuration: '' }
  const reconfigure = async () => writeFileSync(replica().configFile, saved.configuration)

  /** Creates or updates a model with a new finding, so that each audit has to write its report. */
  const changeModel = (times: number) => kubectl(['apply', '-f', '-'], stringify(modelWithFinding(`unclear-${times}`)))
  const review = (query = '') => post(`${replica().webhook}/validate${query}`, REVIEW)
  const holding: Disposable[] = []
  const outage: { over?: Promise<void> } = {}

  const rows: readonly AlertFault[] = [
    {
      alert: 'MeshGuardCertificateExpiring',
      fault: 'the guard may not write its Secret',
      inject: async () => {
        await revoke('role', 'secrets', ['patch'])
        await start()
      },
      repair: () => restore('role')
    },
    {
      alert: 'MeshGuardNotReady',
      fault: 'the API server is down',
      inject: async () => {
        await until('readiness', isReady, 60)
        outage.over = restart('kube-apiserver', OUTAGE_MS)
      },
      // An alert about missing metrics has no job.
      labels: { job: NAME },
      repair: async () => outage.over
    },
    {
      alert: 'MeshGuardNotReady',
      fault: 'no replica runs',
      inject: crash,
      also: ['MeshGuardAuditStale'],
      repair: start
    },
    {
      alert: 'MeshGuardCacheStale',
      fault: 'the guard may not read Sidecars',
      inject: async () => {
        await crash()
        await revoke('clusterrole', 'sidecars', ['list', 'watch'])
        await start()
      },
      labels: { kind: 'Sidecar' },
      repair: () => restore('clusterrole')
    },
    {
      alert: 'MeshGuardFailingOpen',
      fault: 'the API server does not reach the webhook',
      inject: async () => {
        const isFailClosed = async () => (await prometheus.query('mesh_guard_fail_closed'))[0] === 1
        await until('failurePolicy Fail', isFailClosed, 60)
        service.clear()
      },
      repair: async () => service.add(replica())
    },
    {
      alert: 'MeshGuardConfigReloadFailed',
      fault: 'the configuration names an unknown rule',
      inject: async () => {
        saved.configuration = configure(configuration => stringify({ ...configuration, rules: { none: 'deny' } }))
      },
      repair: reconfigure
    },
    {
      alert: 'MeshGuardExceptionExpired',
      fault: 'an exception expires',
      inject: async () => {
        saved.configuration = configure(configuration => stringify({ ...configuration, exceptions: [EXPIRED] }))
      },
      repair: reconfigure
    },
    {
      alert: 'MeshGuardRequestsRejected',
      fault: 'clients hold all requests',
      during: () => repeat(() => review(), 200),
      inject: async () => {
        const hold = () => post(`${replica().webhook}/validate`, '{', 2)
        holding.push(...Array.from({ length: MAX_IN_FLIGHT }, hold))
      },
      labels: { reason: 'concurrency-limit' },
      repair: async () => {
        for (const held of holding) held[Symbol.dispose]()
      }
    },
    {
      alert: 'MeshGuardEvaluationTimeouts',
      fault: 'the process pauses while it evaluates',
      during: () => repeat(() => Promise.all(Array.from({ length: 10 }, () => review('?timeout=5s'))), 0),
      inject: async () => {
        process.kill(replica().pid, 'SIGSTOP')
        await sleep(PAUSE_MS)
        process.kill(replica().pid, 'SIGCONT')
      },
      repair: async () => {}
    },
    {
      alert: 'MeshGuardAuditStale',
      fault: 'the guard may not write reports',
      during: () => repeat(changeModel, 7_000),
      inject: () => revoke('clusterrole', 'policyreports', ['create', 'patch', 'delete']),
      repair: () => restore('clusterrole')
    }
  ]
  const decide = async () => {
    const denied = await kubectl(['apply', '--dry-run=server', '-f', '-'], STRICT)
    if (!denied.err.includes('denied the request')) throw new Error(`not denied: ${denied.out}${denied.err}`)
    await changeModel(0)
    await changeModel(1)
    await review('?timeout=0s')
  }
  return { rows, replica, decide }
}
