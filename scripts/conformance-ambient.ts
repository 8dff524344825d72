/**
 * Calls in clusters with ambient pods, as Istio's ambient index, the functions of ztunnel and real packets answered them. Readiness
 * of pods is not modeled: such calls are left out.
 */
import { z } from 'zod'
import type { Destination } from '../src/istio/client.ts'
import { GATEWAY_NAME } from '../src/istio/policy-target.ts'
import { isExported, scopeOf } from '../src/istio/sidecar.ts'
import { type Endpoint, endpointsOf, findService, isHeadless } from '../src/kubernetes/service.ts'
import { evaluateCall } from '../src/request/evaluate-call.ts'
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
    waypoint: z.object({ gateway: z.string(), identity: z.string().optional(), outcome: z.string() }).optional(),
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
    const found = destinationOf(state, toPod, one)
    if (!found) return []
    const { client, destination } = found
    const isHealthy = ({ workload }: Endpoint) => workloads[nameOf(workload)]?.unhealthy === false
    if (!destination.endpoints.every(isHealthy)) return []
    const { path, expect, from, to } = one
    const call = { ...GET, host: to.host ?? ADDRESS, path }
    const results = destination.endpoints.map(endpoint => evaluateCall(state, { client, call, destination, endpoint }))
    const endpoints = results.filter(hasReachedPod).map(toResult)
    const outcomes = [...new Set(results.map(outcomeOf))]
    return [
      {
        call: `${from} to ${to.host ?? to.pod}:${to.port}`,
        istio: {
          outcome: expect.outcome,
          waypoint: expect.waypoint,
          endpoints: byPod(expect.endpoints.map(withoutIdentityOfCut))
        },
        model: {
          outcome: outcomes.length > 1 ? 'mixed' : [...outcomes, 'no-endpoints'][0],
          waypoint: results.map(toWaypointResult).find(one => one !== undefined),
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
): { readonly destination: Destination; readonly client: Workload } | false | undefined {
  const client = toPod(from)
  if (pod !== undefined) {
    const workload = toPod(pod)
    const endpoints = [{ workload, port: number }]
    const { namespace } = workload
    const destination: Destination = {
      host: ADDRESS,
      namespace,
      port: number,
      headless: false,
      byAddress: true,
      endpoints
    }
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
  return isKnown && { destination, client }
}

/** False if the request ends at a waypoint, or before it. */
const hasReachedPod = ({ connection, failure }: CallResult) =>
  connection.server.at !== 'waypoint' && failure?.cause !== 'no-endpoints'

function toResult(result: CallResult) {
  const { sent, server, outcome } = result.connection
  return {
    pod: nameOf(server.workload),
    client: sent.send,
    identity: outcomeOf(result) === 'cut' || outcome.is === 'refused' ? undefined : outcome.identity,
    outcome: outcomeOf(result)
  }
}

function outcomeOf({ connection: { server, outcome }, authorization, failure }: CallResult) {
  if (failure?.cause === 'no-endpoints') return 'cut'
  const isRefusedAsPolicy =
    server.at === 'ztunnel' && outcome.is === 'refused' && outcome.refusal.cause === 'plaintext-to-strict-workload'
  if (authorization.is !== 'allowed' || isRefusedAsPolicy) return server.at === 'ztunnel' ? 'refused' : 'forbidden'
  // The applications of the vectors speak plaintext.
  return outcome.is === 'open' ? 'ok' : 'cut'
}

function toWaypointResult(result: CallResult) {
  const via = result.connection.server.at === 'waypoint' ? result : result.via
  if (via === undefined) return undefined
  const { outcome, server } = via.connection
  const { namespace, labels } = server.workload
  return {
    gateway: `${namespace}/${labels[GATEWAY_NAME]}`,
    // A waypoint refuses no HBONE.
    identity: (outcome as Extract<typeof outcome, { readonly is: 'open' }>).identity,
    outcome: outcomeOf(via)
  }
}

const nameOf = ({ namespace, name }: Workload) => `${namespace}/${name}`
const byPod = <T extends { readonly pod: string }>(all: readonly T[]) =>
  all.toSorted((a, b) => a.pod.localeCompare(b.pod))
