/**
 * Calls in clusters with ambient pods, as Istio's ambient index, the functions of ztunnel and real packets answered them. Readiness
 * is not modeled, nor what is behind a waypoint: such calls are left out.
 */
import { z } from 'zod'
import type { Destination } from '../src/istio/client.ts'
import { isExported, scopeOf } from '../src/istio/sidecar.ts'
import { passesWaypoint } from '../src/istio/waypoint.ts'
import { type Endpoint, endpointsOf, findService, isHeadless } from '../src/kubernetes/service.ts'
import { evaluateCall } from '../src/request/call-result.ts'
import type { CallResult } from '../src/request/hop.ts'
import { asNonMesh } from '../src/request/passthrough.ts'
import type { Snapshot } from '../src/state/snapshot.ts'
import type { Workload } from '../src/state/workload.ts'

const endpointResult = z.object({
  pod: z.string(),
  client: z.string(),
  identity: z.string().optional(),
  outcome: z.string()
})
const ambientCall = z.object({
  from: z.string(),
  to: z.object({ host: z.string().optional(), pod: z.string().optional(), port: z.number() }),
  path: z.string().default('/'),
  expect: z.object({
    outcome: z.string(),
    waypoint: z.unknown().optional(),
    endpoints: z.array(endpointResult).default([])
  })
})
export const ambientCase = z.object({
  id: z.string(),
  mesh: z.record(z.string(), z.unknown()).default({}),
  flags: z.unknown().optional(),
  objects: z.array(z.unknown()),
  calls: z.array(ambientCall),
  workloads: z.record(z.string(), z.object({ unhealthy: z.boolean().default(false) }))
})

type AmbientCase = z.output<typeof ambientCase>
type AmbientCall = AmbientCase['calls'][number]

/** What Istio and the model make of a call. */
export interface Comparison {
  readonly call: string
  readonly istio: unknown
  readonly model: unknown
}

/** Compares the calls of a case, but for those that are not modeled. */
export function compareAmbient(
  state: Snapshot,
  { calls, flags, workloads }: AmbientCase,
  toPod: (name: string) => Workload
) {
  if (flags !== undefined) return []
  return calls.flatMap((one): readonly Comparison[] => {
    const found = one.expect.waypoint === undefined ? destinationOf(state, toPod, one) : undefined
    if (found === undefined) return []
    const { client, destination } = found
    const isModeled = ({ workload }: Endpoint) =>
      workloads[nameOf(workload)]?.unhealthy === false && !passesWaypoint(state, client, destination, workload)
    if (!destination.endpoints.every(isModeled)) return []
    const { path, expect, from, to } = one
    const call = { ...GET, host: to.host ?? ADDRESS, path }
    const endpoints = destination.endpoints.map(endpoint =>
      toResult(endpoint, evaluateCall(state, { client, call, destination, endpoint }))
    )
    const outcomes = [...new Set(endpoints.map(({ outcome }) => outcome))]
    return [
      {
        call: `${from} to ${to.host ?? to.pod}:${to.port}`,
        istio: { outcome: expect.outcome, endpoints: byPod(expect.endpoints.map(withoutIdentityOfCut)) },
        model: {
          outcome: outcomes.length > 1 ? 'mixed' : (outcomes[0] ?? 'no-endpoints'),
          endpoints: byPod(endpoints)
        }
      }
    ]
  })
}

const GET = { method: 'GET', token: undefined, headers: {}, headersComplete: true }
/** Host of a request to the address of a pod. */
const ADDRESS = '0.0.0.0'

/** The model has no identity of a connection whose TLS fails. */
function withoutIdentityOfCut({ pod, client, identity, outcome }: z.output<typeof endpointResult>) {
  return { pod, client, identity: outcome === 'cut' ? undefined : identity, outcome }
}

/** Absent for a port or an address that is not of a pod or Service that the client knows. */
function destinationOf(
  state: Snapshot,
  toPod: (name: string) => Workload,
  { from, to: { host, pod, port: number } }: AmbientCall
): { readonly destination: Destination; readonly client: Workload } | undefined {
  const client = toPod(from)
  if (pod !== undefined) {
    const workload = toPod(pod)
    const endpoints = [{ workload, port: number }]
    const { namespace } = workload
    const destination = { host: ADDRESS, namespace, port: number, headless: false, endpoints }
    return { destination, client: asNonMesh(client) }
  }
  const service = host === undefined ? undefined : findService(state, host)
  const port = service?.spec.ports.find(one => one.port === number)
  if (host === undefined || service === undefined || port === undefined) return undefined
  const { namespace } = service
  const isKnown =
    client.proxy === 'none' ||
    (isExported(state, service, client.namespace) &&
      scopeOf(state, client).imports({ host, namespace, ports: [number] }))
  const endpoints = endpointsOf(state, service, port)
  const destination = { host, namespace, port: number, headless: isHeadless(service), endpoints }
  return isKnown ? { destination, client } : undefined
}

function toResult({ workload }: Endpoint, { connection, authorization }: CallResult) {
  const { sent, server, outcome } = connection
  const denied = server.at === 'ztunnel' ? 'refused' : 'forbidden'
  const isRefusedAsPolicy =
    server.at === 'ztunnel' && outcome.is === 'refused' && outcome.refusal.cause === 'plaintext-to-strict-workload'
  return {
    pod: nameOf(workload),
    client: sent.send,
    identity: outcome.is === 'open' ? outcome.identity : undefined,
    outcome:
      outcome.is === 'open' ? (authorization.is === 'allowed' ? 'ok' : denied) : isRefusedAsPolicy ? 'refused' : 'cut'
  }
}

const nameOf = ({ namespace, name }: Workload) => `${namespace}/${name}`
const byPod = <T extends { readonly pod: string }>(all: readonly T[]) =>
  all.toSorted((a, b) => (a.pod < b.pod ? -1 : 1))
