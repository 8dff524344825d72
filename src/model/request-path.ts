import type { Leg } from './activator.ts'
import { type Attempt, type PassageKinds, pass, type RouteNeed } from './call-result.ts'
import type { CallerNamespaces } from './caller-classes.ts'
import type { Origin } from './callers.ts'
import type { Destination } from './client.ts'
import type { Cut, FailedHop, Hop, HopName, Passage } from './hop.ts'
import type { ComponentKinds } from './inference-service.ts'
import type { InjectionKinds } from './injection.ts'
import { getOrAdd } from './map.ts'
import { remember } from './memoize.ts'
import type { Call } from './request.ts'
import { issuersAt, passOn } from './request-authentication.ts'
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
  readonly leg: Leg | undefined
  /** In order, up to the first that is cut or not known. */
  readonly hops: readonly Hop[]
  /** False where nothing says that there are such callers at all. */
  readonly needed: boolean
}

/** Requests on their way: the pods that send them on, and what they ask for. */
export interface Traffic {
  readonly at: readonly Workload[]
  readonly call: Call
}

/** One stretch of a way. Traffic that is cut, or of which we know no more, does not go on. */
export type Step = (traffic: Traffic) => { readonly hop: Hop; readonly next: Traffic }

/** A way before it is walked: stretches that all requests take, then the legs that some or others take. */
export interface Way extends Caller {
  readonly entry: string
  readonly needed?: boolean | undefined
  /** What the caller can choose from, such as a token: whatever gets furthest counts. */
  readonly starts: readonly [Traffic, ...Traffic[]]
  readonly steps: readonly Step[]
  readonly legs: readonly { readonly leg: Leg | undefined; readonly steps: readonly Step[] }[]
}

/** What a component's surroundings offer: the ways to it, whoever comes. */
export interface Ways {
  /** The hosts by which it is called, and what stands on the way: who calls differently depends on them. */
  readonly hosts: readonly string[]
  readonly servers: readonly Workload[]
  readonly external: readonly Way[]
  readonly probes: readonly Way[]
  /** By the model's own address, or by its component's. */
  readonly to: (address: 'address' | 'component', origin: Origin) => readonly Way[]
}

export type PathKinds = PassageKinds | InjectionKinds | ComponentKinds | 'InferenceGraph'

/** Where a path is cut, if it is. */
export function failedHopOf({ hops }: Pick<Path, 'hops'>): FailedHop | undefined {
  return hops.find((hop): hop is FailedHop => hop.cut !== undefined)
}

/** Walks a way: one path for each leg, or one in all where no leg is reached. */
export function walk(way: Way): readonly Path[] {
  let best: readonly Path[] = []
  let furthest = -1
  for (const start of way.starts) {
    const paths = walkFrom(way, start)
    const reach = paths.reduce((sum, path) => sum + path.hops.length + (isOpen(path) ? ARRIVED : 0), 0)
    if (reach > furthest) [best, furthest] = [paths, reach]
    if (paths.every(isOpen)) break
  }
  return best
}

/** To arrive counts for more than any number of hops. */
const ARRIVED = 100

/** Does every hop let requests through, as far as can be known? */
export function isOpen({ hops }: Pick<Path, 'hops'>): boolean {
  return hops.every(({ cut, unknown }) => cut === undefined && unknown === undefined)
}

function walkFrom({ caller, from, entry, needed = true, steps, legs }: Way, start: Traffic): readonly Path[] {
  const own = { caller, from, entry, needed }
  const shared = follow(start, steps)
  const { reached } = shared
  if (reached === undefined) return [{ ...own, leg: undefined, hops: shared.hops }]
  return legs.map(({ leg, steps: rest }) => ({ ...own, leg, hops: [...shared.hops, ...follow(reached, rest).hops] }))
}

/** Goes on until a hop is cut or not known; then nothing is reached. */
function follow(start: Traffic, steps: readonly Step[]) {
  const hops: Hop[] = []
  let reached: Traffic | undefined = start
  for (const step of steps) {
    const { hop, next } = step(reached)
    hops.push(hop)
    if (hop.cut !== undefined || hop.unknown !== undefined) return { hops, reached: undefined }
    reached = next
  }
  return { hops, reached }
}

/** What a stretch needs beyond its destination. */
export interface Sending {
  readonly need?: RouteNeed
  /** What a route makes of a call. */
  readonly rewrite?: (call: Call) => Call
  /** The name of the hop where the connection stands but leads to no route. */
  readonly nameWithoutRoute?: HopName
}

/**
 * Sends requests on, from each pod where they are to each endpoint. The first passage that is cut is the answer: where
 * one pod of several is out of reach, requests fail.
 */
export function send(view: View<PathKinds>, name: HopName, destination: Destination, sending: Sending = {}): Step {
  const { need, rewrite, nameWithoutRoute = name } = sending
  const at = podsBehind(destination)
  return ({ at: clients, call: arrived }) => {
    const call = rewrite?.(arrived) ?? arrived
    const tried = tryAll(view, clients, call, destination, need)
    const hop = { name: tried.cut?.cause === 'no-route' ? nameWithoutRoute : name, ...tried }
    return { hop, next: { at, call: handOn(view, at, call) } }
  }
}

/** The same list each time. */
const podsBehind = remember(({ endpoints }: Destination) => endpoints.map(({ workload }) => workload))

/** A stretch that several ways have in common: what came of a call is remembered. */
export function common(step: Step): Step {
  const known = new Map<readonly Workload[], Map<Call, ReturnType<Step>>>()
  return traffic => getOrAdd(getOrAdd(known, traffic.at, newMap), traffic.call, () => step(traffic))
}

const newMap = () => new Map<Call, ReturnType<Step>>()

/** Tries each client with each endpoint, up to the first passage that is cut. */
export function tryAll(
  view: View<PassageKinds>,
  clients: readonly Workload[],
  call: Call,
  destination: Destination,
  need?: RouteNeed
): { readonly passages: readonly Passage[]; readonly cut: Cut | undefined } {
  const passages: Passage[] = []
  for (const client of clients) {
    for (const endpoint of destination.endpoints) {
      const attempt: Attempt = { client, call, destination, endpoint, need }
      const passage = pass(view, attempt)
      passages.push(passage)
      if (passage.cut !== undefined) return { passages, cut: passage.cut }
    }
  }
  const cut = destination.endpoints.length === 0 ? nothingBehind(toServiceRef(destination.host)) : undefined
  return { passages, cut }
}

/** What is left of a call behind these pods. */
export function handOn(view: View<PassageKinds>, at: readonly Workload[], call: Call): Call {
  const [first] = at
  return first === undefined || first.proxy === 'none' ? call : passOn(issuersAt(view, first), call)
}

export function nothingBehind(address: Ref): Cut {
  return { cause: 'no-endpoints', address }
}

/** The Service that a DNS name of the cluster means, whether it exists or not. */
export function toServiceRef(host: string): Ref {
  const [name = '', namespace = ''] = host.split('.')
  return { apiVersion: 'v1', kind: 'Service', namespace, name }
}
