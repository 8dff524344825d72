/**
 * Compares the model with recorded results of Istio's own code. Reads vectors (JSON lines, optionally gzipped): calls between
 * workloads, effective PeerAuthentication, injection. Prints each difference and exits with 1 if there is one.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import type { Destination } from '../src/istio/client.ts'
import type { Connection } from '../src/istio/connection.ts'
import { injection } from '../src/istio/injection.ts'
import { modeForPort, peerMtls } from '../src/istio/peer-authentication.ts'
import { isExported, scopeOf } from '../src/istio/sidecar.ts'
import { type Endpoint, endpointsOf, findService, isHeadless, type Service } from '../src/kubernetes/service.ts'
import { evaluateCall } from '../src/request/evaluate-call.ts'
import { readResource } from '../src/sources/manifest.ts'
import type { Resource } from '../src/state/resource.ts'
import { Snapshot } from '../src/state/snapshot.ts'
import { toWorkload, type Workload } from '../src/state/workload.ts'
import { ambientCase, compareAmbient } from './conformance-ambient.ts'

const labels = z.record(z.string(), z.string()).default({})
const injectionCase = z.object({
  install: z.string(),
  namespace: z.object({ name: z.string(), labels }),
  pod: z.object({ labels, annotations: labels, hostNetwork: z.boolean().default(false) }),
  injected: z.boolean()
})
const endpointResult = z.object({
  pod: z.string(),
  port: z.number(),
  client: z.string(),
  sni: z.string().optional(),
  outcome: z.string(),
  authz: z.string().default('allow'),
  error: z.string().optional()
})
const call = z.object({
  from: z.string(),
  to: z.object({ host: z.string(), port: z.number(), subset: z.string().optional() }),
  path: z.string().default('/'),
  expect: z.object({
    outcome: z.string(),
    destinationRule: z.string().optional(),
    endpoints: z.array(endpointResult).default([])
  })
})
const meshCase = z.object({
  id: z.string(),
  mesh: z.record(z.string(), z.unknown()).default({}),
  objects: z.array(z.unknown()),
  calls: z.array(call).default([]),
  peerAuthentication: z
    .record(z.string(), z.object({ mode: z.string(), ports: z.record(z.string(), z.string()).default({}) }))
    .default({})
})

type Call = z.output<typeof call>

/** A test vector whose results in Istio and in the model differ. */
export interface Disagreement {
  readonly vector: string
  readonly istio: string
  readonly model: string
}

/** @returns the number of equal results, and the differences */
export function conform(file: string): { readonly agree: number; readonly disagree: readonly Disagreement[] } {
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  const results = text.split('\n').flatMap((line, i) => (line === '' ? [] : compareLine(JSON.parse(line), file, i + 1)))
  const disagree = results.filter(result => result !== undefined)
  return { agree: results.length - disagree.length, disagree }
}

function compareLine(line: object, file: string, number: number): readonly (Disagreement | undefined)[] {
  if ('install' in line) return [compareInjection(injectionCase.parse(line), file, number)]
  if ('workloads' in line) return compareAmbientCase(line)
  const { id, mesh, objects, calls, peerAuthentication } = meshCase.parse(line)
  const state = toState([meshConfig(mesh), ...objects])
  const podOf = podsOf(state, id)
  return [
    ...Object.entries(peerAuthentication).map(([pod, expected]) => {
      const got = peerMtls(state, podOf(pod))
      const ports = Object.fromEntries(
        Object.keys(expected.ports).map(port => [port, modeForPort(got, Number(port)).mode])
      )
      return compare(`${id}: peer authentication of ${pod}`, expected, { mode: got.workload.mode, ports })
    }),
    ...calls.map(one =>
      compareCall(`${id}: ${one.from} to ${one.to.host}:${one.to.port}`, one, evaluate(state, podOf(one.from), one))
    )
  ]
}

function compareAmbientCase(line: object): readonly (Disagreement | undefined)[] {
  const ambient = ambientCase.parse(line)
  const { id, mesh, objects } = ambient
  const state = toState([meshConfig(mesh), ...objects.map(withStatus)])
  return compareAmbient(state, ambient, podsOf(state, id)).map(({ call, istio, model }) =>
    compare(`${id}: ${call}`, istio, model)
  )
}

/** Istio has seen all Gateways: one without addresses is not ready. */
function withStatus(object: unknown): unknown {
  const { success, data } = gatewayWithoutStatus.safeParse(object)
  return success ? { ...data, status: { conditions: [{ type: 'Programmed', status: 'False' }] } } : object
}

const gatewayWithoutStatus = z.looseObject({
  apiVersion: z.literal('gateway.networking.k8s.io/v1'),
  kind: z.literal('Gateway'),
  status: z.undefined().optional()
})

const meshConfig = (mesh: unknown) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'istio-system', name: 'istio' },
  data: { mesh: JSON.stringify(mesh) }
})

const podsOf = (state: Snapshot, id: string) => (fullName: string) => {
  const [namespace = '', name = ''] = fullName.split('/')
  const pod = state.get('Pod', namespace, name)
  if (pod === undefined) throw new Error(`${id}: no pod ${fullName}`)
  return toWorkload(pod)
}

function toState(objects: readonly unknown[]): Snapshot {
  const resources = objects.map(one => readResource(one)).filter((one): one is Resource => one !== undefined)
  return Snapshot.of(resources)
}

const installations = new Map<string, Readonly<Record<string, readonly unknown[]>>>()

/** Objects of each type of installation, from installations.json in the directory of the vectors. */
function readInstallations(file: string): Readonly<Record<string, readonly unknown[]>> {
  const path = join(dirname(file), 'installations.json')
  const known =
    installations.get(path) ?? z.record(z.string(), z.array(z.unknown())).parse(JSON.parse(readFileSync(path, 'utf8')))
  installations.set(path, known)
  return known
}

function compareInjection(row: z.output<typeof injectionCase>, file: string, line: number): Disagreement | undefined {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: row.namespace }
  const objects = readInstallations(file)[row.install]
  if (objects === undefined) throw new Error(`line ${line}: no installation ${row.install}`)
  const state = toState([...objects, namespace])
  const got = injection(state, { namespace: row.namespace.name, ...row.pod })
  return compare(`line ${line}: ${row.install}, injection of ${JSON.stringify(row.pod)}`, row.injected, got.injected)
}

interface CallResult {
  readonly outcome: string
  readonly rule: string | undefined
  readonly endpoints: readonly {
    readonly endpoint: Endpoint
    readonly connection: Connection
    readonly authz: 'allow' | 'deny'
  }[]
}

function evaluate(state: Snapshot, client: Workload, { to, path }: Call): CallResult {
  const service = findService(state, to.host)
  const port = service?.spec.ports.find(one => one.port === to.port)
  if (service === undefined || port === undefined || !isKnown(state, client, service)) {
    return { outcome: 'no-cluster', rule: undefined, endpoints: [] }
  }
  const destination: Destination = {
    host: hostOf(service),
    namespace: service.namespace,
    port: to.port,
    headless: isHeadless(service),
    endpoints: endpointsOf(state, service, port),
    subset: to.subset
  }
  const call = { host: to.host, path, method: 'GET', token: undefined, headers: {}, headersComplete: true }
  const endpoints = destination.endpoints.map(endpoint => {
    const { connection, authorization } = evaluateCall(state, { client, call, destination, endpoint })
    return { endpoint, connection, authz: authorization.is === 'allowed' ? ('allow' as const) : ('deny' as const) }
  })
  const outcomes = new Set(endpoints.map(({ connection }) => toWord(connection)))
  const rule = endpoints[0]?.connection.sent.destinationRule
  return {
    outcome: outcomes.size > 1 ? 'mixed' : ([...outcomes][0] ?? 'no-endpoints'),
    rule: rule && `${rule.namespace}/${rule.name}`,
    endpoints
  }
}

const hostOf = ({ name, namespace }: Service) => `${name}.${namespace}.svc.cluster.local`
const toWord = ({ outcome }: Connection) => (outcome.is === 'open' ? 'ok' : 'cut')

/** A client without a proxy can call every Service; a sidecar only those that are exported to it and in its scope. */
function isKnown(state: Snapshot, client: Workload, service: Service): boolean {
  if (client.proxy === 'none') return true
  const target = {
    host: hostOf(service),
    namespace: service.namespace,
    ports: service.spec.ports.map(({ port }) => port)
  }
  return isExported(state, service, client.namespace) && scopeOf(state, client).imports(target)
}

function compareCall(vector: string, { expect }: Call, got: CallResult): Disagreement | undefined {
  const istio = {
    outcome: expect.outcome,
    rule: expect.destinationRule,
    endpoints: expect.endpoints.map(({ pod, port, client, sni, outcome, authz }) => ({
      pod,
      port,
      client,
      sni,
      outcome,
      authz
    }))
  }
  const model = {
    outcome: got.outcome,
    rule: expect.endpoints.length > 0 ? got.rule : expect.destinationRule,
    endpoints: got.endpoints.map(({ endpoint: { workload, port }, connection, authz }) => ({
      pod: `${workload.namespace}/${workload.name}`,
      port,
      client: connection.sent.send,
      sni: connection.sent.sni,
      outcome: toWord(connection),
      authz
    }))
  }
  const reasons = got.endpoints.map(({ connection: { sent, outcome } }) => ({
    client: sent.reason,
    cut: outcome.is === 'refused' ? outcome.refusal.cause : undefined
  }))
  return compare(
    vector,
    { ...istio, endpoints: byPod(istio.endpoints) },
    { ...model, endpoints: byPod(model.endpoints) },
    reasons
  )
}

function byPod<T extends { readonly pod: string }>(endpoints: readonly T[]): readonly T[] {
  return [...endpoints].sort((a, b) => (a.pod < b.pod ? -1 : 1))
}

function compare(vector: string, istio: unknown, model: unknown, reasons?: unknown): Disagreement | undefined {
  const [left, right] = [JSON.stringify(istio), JSON.stringify(model)]
  return left === right
    ? undefined
    : { vector, istio: left, model: `${right}${reasons ? `, because ${JSON.stringify(reasons)}` : ''}` }
}

if (process.argv[1] === import.meta.filename) {
  let agree = 0
  let disagree = 0
  for (const file of process.argv.slice(2)) {
    const result = conform(file)
    agree += result.agree
    disagree += result.disagree.length
    for (const { vector, istio, model } of result.disagree) {
      process.stdout.write(`${file}: ${vector}\n  istio: ${istio}\n  model: ${model}\n`)
    }
  }
  process.stdout.write(`${agree} agree, ${disagree} disagree\n`)
  process.exitCode = disagree > 0 ? 1 : 0
}
