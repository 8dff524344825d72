import type { ActivatorMode } from './activator.ts'
import { type CallAttempt, type CallKinds, evaluateCall, type RequiredRoute } from './call-result.ts'
import type { CallerNamespaces } from './caller-classes.ts'
import type { TrafficSource } from './callers.ts'
import type { Destination } from './client.ts'
import type { CallResult, FailedHop, Failure, Hop, HopName } from './hop.ts'
import type { ComponentKinds } from './inference-service.ts'
import type { InjectionKinds } from './injection.ts'
import { getOrAdd } from './map.ts'
import { memoize } from './memoize.ts'
import type { Call } from './request.ts'
import { forwardToken, issuersFor } from './request-authentication.ts'
import type { Ref } from './resource.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

/**
 * Who calls: from outside by the public host, from a pod with a sidecar, or from a pod without one; the kubelet and
 * Knative, to see how a model fares; the API server and the controllers, for it to be there at all.
 */
export type CallerClass = 'external' | 'in-mesh' | 'non-mesh' | 'probe' | 'system'

/** A class of callers for whom everything is the same. */
export interface Caller {
  readonly caller: CallerClass
  /** Their namespaces, where that matters; the path of the first was evaluated. Absent: any namespace that nothing names. */
  readonly from: CallerNamespaces | undefined
}

/** One way of a request to a model. */
export interface Path extends Caller {
  /**
   * By what: the model's own `address`, or that of its `component` (callers with a sidecar alone); for other callers,
   * who they are.
   */
  readonly entry: string
  /** Absent when the request does not get that far, or when there is but one. */
  readonly activatorMode: ActivatorMode | undefined
  /** In order, up to the first that is cut or not known. */
  readonly hops: readonly Hop[]
  /** False where nothing says that there are such callers at all. */
  readonly expected: boolean
}

/** Requests on their way: the pods that send them on, and what they ask for. */
export interface InFlightRequest {
  readonly at: readonly Workload[]
  readonly call: Call
}

/** One stretch of a way. Traffic that is cut, or of which we know no more, does not go on. */
export type HopEvaluator = (request: InFlightRequest) => { readonly hop: Hop; readonly next: InFlightRequest }

/** A way before it is walked: stretches that all requests take, then the legs that some or others take. */
export interface PathTemplate extends Caller {
  readonly entry: string
  readonly expected?: boolean | undefined
  /** What the caller can choose from, such as a token: whatever gets furthest counts. */
  readonly candidates: readonly [InFlightRequest, ...InFlightRequest[]]
  readonly steps: readonly HopEvaluator[]
  readonly branches: readonly {
    readonly activatorMode: ActivatorMode | undefined
    readonly steps: readonly HopEvaluator[]
  }[]
}

/** What a component's surroundings offer: the ways to it, whoever comes. */
export interface PathTemplates {
  /** The hosts by which it is called, and what stands on the way: who calls differently depends on them. */
  readonly hosts: readonly string[]
  readonly servers: readonly Workload[]
  readonly external: readonly PathTemplate[]
  readonly probes: readonly PathTemplate[]
  /** By the model's own address, or by its component's. */
  readonly to: (address: 'address' | 'component', origin: TrafficSource) => readonly PathTemplate[]
}

export type PathKinds = CallKinds | InjectionKinds | ComponentKinds | 'InferenceGraph'

/** Where a path is cut, if it is. */
export function failedHopOf({ hops }: Pick<Path, 'hops'>): FailedHop | undefined {
  return hops.find((hop): hop is FailedHop => hop.failure !== undefined)
}

/** Walks a way: one path for each leg, or one in all where no leg is reached. */
export function evaluatePath(template: PathTemplate): readonly Path[] {
  let best: readonly Path[] = []
  let furthest = -1
  for (const candidate of template.candidates) {
    const paths = evaluateCandidate(template, candidate)
    const reach = paths.reduce((sum, path) => sum + path.hops.length + (isOpen(path) ? REACHED_SCORE : 0), 0)
    if (reach > furthest) [best, furthest] = [paths, reach]
    if (paths.every(isOpen)) break
  }
  return best
}

/** To arrive counts for more than any number of hops. */
const REACHED_SCORE = 100

/** Does every hop let requests through, as far as can be known? */
export function isOpen({ hops }: Pick<Path, 'hops'>): boolean {
  return hops.every(({ failure, unknown }) => failure === undefined && unknown === undefined)
}

function evaluateCandidate(
  { caller, from, entry, expected = true, steps, branches }: PathTemplate,
  candidate: InFlightRequest
): readonly Path[] {
  const own = { caller, from, entry, expected: expected }
  const shared = evaluateHops(candidate, steps)
  const { reached } = shared
  if (reached === undefined) return [{ ...own, activatorMode: undefined, hops: shared.hops }]
  return branches.map(({ activatorMode, steps: rest }) => ({
    ...own,
    activatorMode: activatorMode,
    hops: [...shared.hops, ...evaluateHops(reached, rest).hops]
  }))
}

/** Goes on until a hop is cut or not known; then nothing is reached. */
function evaluateHops(candidate: InFlightRequest, steps: readonly HopEvaluator[]) {
  const hops: Hop[] = []
  let reached: InFlightRequest | undefined = candidate
  for (const step of steps) {
    const { hop, next } = step(reached)
    hops.push(hop)
    if (hop.failure !== undefined || hop.unknown !== undefined) return { hops, reached: undefined }
    reached = next
  }
  return { hops, reached }
}

/** What a stretch needs beyond its destination. */
export interface HopOptions {
  readonly requiredRoute?: RequiredRoute
  /** What a route makes of a call. */
  readonly rewrite?: (call: Call) => Call
  /** The name of the hop where the connection stands but leads to no route. */
  readonly nameWithoutRoute?: HopName
}

/**
 * Sends requests on, from each pod where they are to each endpoint. The first passage that is cut is the answer: where
 * one pod of several is out of reach, requests fail.
 */
export function hopTo(
  view: View<PathKinds>,
  name: HopName,
  destination: Destination,
  options: HopOptions = {}
): HopEvaluator {
  const { requiredRoute, rewrite, nameWithoutRoute = name } = options
  const at = podsBehind(destination)
  return ({ at: clients, call: arrived }) => {
    const call = rewrite?.(arrived) ?? arrived
    const results = evaluateCalls(view, clients, call, destination, requiredRoute)
    const hop = { name: results.failure?.cause === 'no-route' ? nameWithoutRoute : name, ...results }
    return { hop, next: { at, call: forwardCall(view, at, call) } }
  }
}

/** The same list each time. */
const podsBehind = memoize(({ endpoints }: Destination) => endpoints.map(({ workload }) => workload))

/** A stretch that several ways have in common: what came of a call is remembered. */
export function memoizeHop(step: HopEvaluator): HopEvaluator {
  const known = new Map<readonly Workload[], Map<Call, ReturnType<HopEvaluator>>>()
  return request => getOrAdd(getOrAdd(known, request.at, newMap), request.call, () => step(request))
}

const newMap = () => new Map<Call, ReturnType<HopEvaluator>>()

/** Tries each client with each endpoint, up to the first passage that is cut. */
export function evaluateCalls(
  view: View<CallKinds>,
  clients: readonly Workload[],
  call: Call,
  destination: Destination,
  requiredRoute?: RequiredRoute
): { readonly calls: readonly CallResult[]; readonly failure: Failure | undefined } {
  const calls: CallResult[] = []
  for (const client of clients) {
    for (const endpoint of destination.endpoints) {
      const attempt: CallAttempt = { client, call, destination, endpoint, requiredRoute }
      const result = evaluateCall(view, attempt)
      calls.push(result)
      if (result.failure !== undefined) return { calls, failure: result.failure }
    }
  }
  const failure = destination.endpoints.length === 0 ? noEndpoints(toServiceRef(destination.host)) : undefined
  return { calls, failure }
}

/** What is left of a call behind these pods. */
export function forwardCall(view: View<CallKinds>, at: readonly Workload[], call: Call): Call {
  const [first] = at
  return first === undefined || first.proxy === 'none' ? call : forwardToken(issuersFor(view, first), call)
}

export function noEndpoints(address: Ref): Failure {
  return { cause: 'no-endpoints', address }
}

/** The Service that a DNS name of the cluster means, whether it exists or not. */
export function toServiceRef(host: string): Ref {
  const [name = '', namespace = ''] = host.split('.')
  return { apiVersion: 'v1', kind: 'Service', namespace, name }
}
