import type { Leg } from './activator.ts'
import type { HopKinds } from './hop.ts'
import { coversHost, serviceHost, toFullName } from './host.ts'
import type { ComponentKinds, InferenceService } from './inference-service.ts'
import { type InjectionKinds, injection } from './injection.ts'
import type { View } from './snapshot.ts'
import type { CutHop, Hop } from './verdict.ts'
import { toWorkload, type Workload } from './workload.ts'

/** Who calls: from outside by the public host, from a pod with a sidecar, or from a pod without one. */
export type CallerClass = 'external' | 'in-mesh' | 'non-mesh'

/** A class of callers for whom everything is the same. */
export interface Caller {
  readonly caller: CallerClass
  /** Their namespace, where that matters; absent: any namespace that has no rules of its own. */
  readonly from: string | undefined
}

/** One way of a request to a model. */
export interface Path extends Caller {
  /** By the model's own address, or (callers with a sidecar alone) by that of its component. */
  readonly entry: 'address' | 'component'
  /** Absent when the request does not get that far, or when there is but one. */
  readonly leg: Leg | undefined
  /** In order, up to the first that is cut. */
  readonly hops: readonly Hop[]
}

/** One stretch of a way: what becomes of requests that come from these pods, and the pods they are at then. */
export type Step = (from: readonly Workload[]) => { readonly hop: Hop; readonly reached: readonly Workload[] }

/** A way before it is walked: stretches that all requests take, then the legs that some or others take. */
export interface Way extends Caller {
  readonly entry: Path['entry']
  readonly start: readonly Workload[]
  readonly steps: readonly Step[]
  readonly legs: readonly { readonly leg: Leg | undefined; readonly steps: readonly Step[] }[]
}

export type PathKinds = HopKinds | InjectionKinds | ComponentKinds

/** Where a path is cut, if it is. */
export function cutHopOf({ hops }: Path): CutHop | undefined {
  return hops.find((hop): hop is CutHop => hop.cut !== undefined)
}

/** Walks a way: one path for each leg, or one in all where no leg is reached. */
export function walk({ caller, from, entry, start, steps, legs }: Way): readonly Path[] {
  const shared = follow(start, steps)
  if (shared.reached === undefined) return [{ caller, from, entry, leg: undefined, hops: shared.hops }]
  const { reached } = shared
  return legs.map(({ leg, steps: own }) => ({
    caller,
    from,
    entry,
    leg,
    hops: [...shared.hops, ...follow(reached, own).hops]
  }))
}

/** Goes on until a hop is cut; then nothing is reached. */
function follow(start: readonly Workload[], steps: readonly Step[]) {
  const hops: Hop[] = []
  let reached: readonly Workload[] | undefined = start
  for (const step of steps) {
    const next = step(reached)
    hops.push(next.hop)
    if (next.hop.cut !== undefined) return { hops, reached: undefined }
    reached = next.reached
  }
  return { hops, reached }
}

/** A caller with a sidecar in a namespace that has nothing to say about what it sends. */
const ANYONE: Workload = {
  namespace: '',
  name: 'caller',
  labels: {},
  serviceAccount: 'default',
  proxy: 'sidecar',
  ports: [],
  address: undefined
}

/**
 * Callers with a sidecar: anyone, and each namespace that has a rule for one of the hosts or a Sidecar of its own,
 * if its pods have sidecars at all.
 */
export function meshCallers(view: View<PathKinds>, hosts: readonly string[]): readonly Workload[] {
  const { clusterDomain } = view.settings
  const ruled = view
    .list('DestinationRule')
    .filter(({ namespace, spec }) =>
      hosts.some(host => coversHost(toFullName(spec.host, namespace, clusterDomain), host))
    )
  const namespaces = new Set([...ruled, ...view.list('Sidecar')].map(({ namespace }) => namespace))
  const inMesh = [...namespaces].sort().filter(namespace => hasSidecars(view, namespace))
  return [ANYONE, ...inMesh.map(namespace => ({ ...ANYONE, namespace }))]
}

export function meshCaller({ namespace }: Workload): Caller {
  return { caller: 'in-mesh', from: namespace === '' ? undefined : namespace }
}

function hasSidecars(view: View<InjectionKinds | 'Pod'>, namespace: string): boolean {
  const next = injection(view, { namespace, labels: {}, annotations: {}, hostNetwork: false })
  return next.injected || view.list('Pod', namespace).some(pod => toWorkload(pod).proxy === 'sidecar')
}

/** The DNS name of a component's Service. */
export function hostOf(view: View<never>, { namespace }: InferenceService, service: string): string {
  return serviceHost(namespace, service, view.settings.clusterDomain)
}
