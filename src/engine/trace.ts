import type { Destination } from '../istio/client.ts'
import { endpointsOf, isHeadless } from '../kubernetes/service.ts'
import { evaluateCall } from '../request/call-result.ts'
import { findUnknown } from '../request/evaluate-calls.ts'
import type { CallResult } from '../request/hop.ts'
import { hiddenFromSidecar, hostOf, resolveService, virtualServicesFor } from '../request/name-resolution.ts'
import { noEndpoints, toServiceRef } from '../request/service-resolution.ts'
import type { Rules } from '../rules/lib/rule.ts'
import { nameOf } from '../state/resource.ts'
import type { Snapshot, View } from '../state/snapshot.ts'
import { toWorkload } from '../state/workload.ts'
import { type ExplainedFailure, explainFailure } from './explain.ts'
import { track } from './incremental/dependency-tracking.ts'
import { modelKey } from './incremental/evaluate.ts'
import type { Skip } from './incremental/skip.ts'

/** One call: from a pod to a port of a Service. */
export interface TraceRequest {
  /** `namespace/name` of the pod. */
  readonly from: string
  /** Host name as the pod uses it; resolved with the DNS search domains of its namespace. */
  readonly host: string
  readonly port: number
  /** URL path. Absent: any path, if a policy matches on it. */
  readonly path: string | undefined
  readonly method: string
}

/** Result of the call for each endpoint of the Service. */
export interface Trace {
  readonly destination: Destination
  readonly calls: readonly { readonly call: CallResult; readonly failure: ExplainedFailure | undefined }[]
  /** Set if the Service has no endpoints. */
  readonly failure: ExplainedFailure | undefined
  readonly unknown: string | undefined
  /** Configuration that can change the result and is not evaluated. */
  readonly notes: readonly string[]
}

/** Value that does not name an existing object, with the existing names. */
export interface NotFound {
  /** Kind and name for a message. */
  readonly what: string
  readonly value: string
  readonly candidates: readonly string[]
}

export type Traced =
  | { readonly is: 'traced'; readonly trace: Trace }
  | { readonly is: 'not-found'; readonly notFound: NotFound }
  | { readonly is: 'skipped'; readonly skip: Skip }

type TraceLookup =
  | { readonly notFound: NotFound }
  | {
      readonly notFound?: undefined
      readonly trace: Omit<Trace, 'calls' | 'failure'> & { readonly calls: readonly CallResult[] }
    }

/** Evaluates one call with the same model as request paths. */
export function trace(snapshot: Snapshot, request: TraceRequest, rules: Rules): Traced {
  const { value, skip } = track(snapshot, view => resolveTrace(view, request))
  if (value === undefined) return { is: 'skipped', skip: { rule: 'trace', ...skip } }
  if (value.notFound !== undefined) return { is: 'not-found', notFound: value.notFound }
  const { calls, ...rest } = value.trace
  const { destination, unknown } = rest
  const isEmpty = unknown === undefined && destination.endpoints.length === 0
  return {
    is: 'traced',
    trace: {
      ...rest,
      calls: calls.map(call => ({ call, failure: explainFailure(call.failure, snapshot, rules) })),
      failure: explainFailure(isEmpty ? noEndpoints(toServiceRef(destination.host)) : undefined, snapshot, rules)
    }
  }
}

function resolveTrace(view: View, { from, host, port: number, path, method }: TraceRequest): TraceLookup {
  const [namespace = '', name = ''] = from.split('/')
  const pod = view.get('Pod', namespace, name)
  if (pod === undefined) return toNotFound(`pod ${from}`, from, view.list('Pod').map(modelKey))
  const found = resolveService(view, host, namespace)
  if (found === undefined) {
    const hosts = view.list('Service').map(one => `${one.name}.${one.namespace}`)
    return toNotFound(`Service ${host}`, host, hosts)
  }
  const { called, service } = found
  const port = service.spec.ports.find(one => one.port === number)
  if (port === undefined) {
    const ports = service.spec.ports.map(one => String(one.port))
    return toNotFound(`port ${number} of ${nameOf(service)}`, String(number), ports)
  }
  const client = toWorkload(pod)
  const destination: Destination = {
    host: hostOf(view, service),
    namespace: service.namespace,
    port: number,
    headless: isHeadless(service),
    endpoints: endpointsOf(view, service, port)
  }
  const notes = virtualServicesFor(view, client, called).map(
    one => `${nameOf(one)} routes requests for this host; trace does not evaluate routes, explain does`
  )
  const unknown = hiddenFromSidecar(view, client, service)
  if (unknown !== undefined) return { trace: { destination, calls: [], unknown, notes } }
  const call = { host, path, method, token: undefined, headers: {}, headersComplete: false }
  const calls = destination.endpoints.map(endpoint => evaluateCall(view, { client, call, destination, endpoint }))
  return { trace: { destination, calls, unknown: findUnknown(calls), notes } }
}

function toNotFound(what: string, value: string, candidates: readonly string[]): TraceLookup {
  return { notFound: { what, value, candidates } }
}
