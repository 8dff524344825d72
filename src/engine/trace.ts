import { findService } from '../kubernetes/service.ts'
import { followFromPod } from '../request/follow.ts'
import { resolveHost } from '../request/name-resolution.ts'
import { type Branch, failedHopOf } from '../request/request-path.ts'
import { traceWorld } from '../request/trace-world.ts'
import type { Rules } from '../rules/lib/rule.ts'
import { nameOf } from '../state/resource.ts'
import type { Snapshot, View } from '../state/snapshot.ts'
import { toWorkload } from '../state/workload.ts'
import { type ExplainedFailure, explainFailure } from './explain.ts'
import { track } from './incremental/dependency-tracking.ts'
import { modelKey } from './incremental/evaluate.ts'
import type { Skip } from './incremental/skip.ts'

/** One request of a pod. */
export interface TraceRequest {
  /** `namespace/name` of the pod. */
  readonly from: string
  /** Host name as the pod uses it; resolved with the DNS search domains of its namespace. */
  readonly host: string
  readonly port: number
  /** URL path. Absent: any path, if a route or a policy matches on it. */
  readonly path: string | undefined
  readonly method: string
}

/** The ways that a request takes, up to the hop at which it fails. */
export interface Trace {
  /** Fully qualified host. */
  readonly host: string
  readonly branches: readonly (Pick<Branch, 'activatorMode' | 'revision' | 'hops'> & {
    readonly failure: ExplainedFailure | undefined
  })[]
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

type Followed =
  | { readonly notFound: NotFound }
  | { readonly notFound?: undefined; readonly host: string; readonly branches: readonly Branch[] }

/** Follows one request with the same model as request paths. */
export function trace(snapshot: Snapshot, request: TraceRequest, rules: Rules): Traced {
  const { value, skip } = track(snapshot, view => follow(view, request))
  if (value === undefined) return { is: 'skipped', skip: { rule: 'trace', ...skip } }
  if (value.notFound !== undefined) return { is: 'not-found', notFound: value.notFound }
  const branches = value.branches.map(branch => ({
    ...branch,
    failure: explainFailure(failedHopOf(branch)?.failure, snapshot, rules)
  }))
  return { is: 'traced', trace: { host: value.host, branches } }
}

function follow(view: View, { from, host: written, port, path, method }: TraceRequest): Followed {
  const [namespace = '', name = ''] = from.split('/')
  const pod = view.get('Pod', namespace, name)
  if (pod === undefined) return toNotFound(`pod ${from}`, from, view.list('Pod').map(modelKey))
  const world = traceWorld(view)
  const host = resolveHost(view, world, written, namespace)
  const service = host === undefined ? undefined : findService(view, host)
  if (host === undefined) {
    const hosts = view.list('Service').map(one => `${one.name}.${one.namespace}`)
    return toNotFound(`Service ${written}`, written, hosts)
  }
  if (service !== undefined && !service.spec.ports.some(one => one.port === port)) {
    const ports = service.spec.ports.map(one => String(one.port))
    return toNotFound(`port ${port} of ${nameOf(service)}`, String(port), ports)
  }
  const call = { host, path, method, token: undefined, headers: {}, headersComplete: false }
  return { host, branches: followFromPod(world, { at: [toWorkload(pod)], call }, port) }
}

function toNotFound(what: string, value: string, candidates: readonly string[]): Followed {
  return { notFound: { what, value, candidates } }
}
