import { meshCallers, NAKED } from './callers.ts'
import { findKserveRefusal } from './control-plane.ts'
import { distinct } from './dedupe-endpoints.ts'
import type { ConfigurationCut } from './hop.ts'
import { serviceHost } from './host.ts'
import { graphCallers } from './inference-graph.ts'
import { inferencePath } from './inference-request.ts'
import {
  type Component,
  componentsOf,
  desiredPod,
  entryOf,
  type InferenceService,
  injectionSubject,
  podsOf
} from './inference-service.ts'
import { injection, isAmbient } from './injection.ts'
import { knativeWays } from './knative-paths.ts'
import { type Caller, type Path, type PathKinds, type Ways, walk } from './request-path.ts'
import type { View } from './snapshot.ts'
import { standardWays } from './standard-paths.ts'
import type { Workload } from './workload.ts'

/** Which pods of a model are judged: those that run, or those that will be made next. */
export type Pods = 'running' | 'next'

/**
 * Every way to an InferenceService, hop by hop. None for a mode that has no pods of the model's own. A model without
 * running pods is judged by its next ones.
 *
 * @param representative of the namespaces of callers that are alike, the one whose objects are named where something is
 * configured there; by default the first
 */
export function pathsOf(
  view: View<PathKinds>,
  service: InferenceService,
  which: Pods = 'running',
  representative?: string
): readonly Path[] {
  const components = componentsOf(view, service)
  const component = entryOf(components)
  if (component === undefined || component.mode === 'ModelMesh') return []
  const podsFor = (one: Component) => podsToJudge(view, service, one, which)
  // What is not there yet never comes; what runs goes on.
  const isNew = service.created === undefined && podsOf(view, service, component).length === 0
  const refused = findKserveRefusal(view)
  if (refused !== undefined)
    return isNew ? rejected(refused) : [unknownPath(`what KServe made while it took its configuration`)]
  if (isAmbient(view, service.namespace) && podsFor(component).every(({ proxy }) => proxy === 'none'))
    return [unknownPath('what ztunnel does: the namespace is ambient')]

  const waysOf = (one: Component): Ways =>
    (one.mode === 'Knative' ? knativeWays : standardWays)(view, service, one, podsFor(one))
  const ways = waysOf(component)
  const own = serviceHost(service.namespace, service.name, view.settings.clusterDomain)
  const call = { path: inferencePath(service), method: 'POST', hosts: [own, ...ways.hosts] }
  const callers = meshCallers(view, { hosts: ways.hosts, servers: ways.servers, call }, representative)
  return [
    ...callers.flatMap(origin => ways.to('component', origin)),
    ...ways.external,
    ...[...callers, NAKED, ...graphCallers(view, service)].flatMap(origin => ways.to('address', origin)),
    ...ways.probes,
    ...innerWays(components, component, podsFor, waysOf)
  ].flatMap(walk)
}

/** What a controller refuses is out of everybody's reach. */
function rejected(cut: ConfigurationCut): readonly Path[] {
  const hops = [{ name: 'controller' as const, passages: [], cut }]
  return (['external', 'in-mesh', 'non-mesh'] as const).map(caller => ({
    caller,
    from: undefined,
    entry: 'address',
    leg: undefined,
    hops,
    needed: true
  }))
}

/** What stands for all ways to a model of which nothing can be said. */
function unknownPath(unknown: string): Path {
  const hops = [{ name: 'caller->pod' as const, passages: [], cut: undefined, unknown }]
  return { caller: 'in-mesh', from: undefined, entry: 'address', leg: undefined, hops, needed: true }
}

/** The pods that stand for a component: the running ones, one of each template, else the next. */
export function podsToJudge(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  which: Pods
): readonly [Workload, ...Workload[]] {
  const [first, ...others] = which === 'running' ? distinct(podsOf(view, service, component)) : []
  return [first ?? desiredPod(view, service, component), ...others]
}

/** Would the pods that are made next fare otherwise than those that run? */
export function differsNext(view: View<PathKinds>, service: InferenceService): boolean {
  return componentsOf(view, service).some(component => {
    const next = injection(view, injectionSubject(service, component)).injected ? 'sidecar' : 'none'
    return podsOf(view, service, component).some(
      ({ proxy, serviceAccount }) => proxy !== next || serviceAccount !== component.serviceAccount
    )
  })
}

/** A transformer or an explainer calls the predictor, by its component's host. */
function innerWays(
  components: readonly Component[],
  entry: Component,
  podsFor: (component: Component) => readonly [Workload, ...Workload[]],
  waysOf: (component: Component) => Ways
) {
  const predictor = components.find(({ name }) => name === 'predictor')
  if (predictor === undefined) return []
  const callers = components.filter(component => component !== predictor)
  if (callers.length === 0) return []
  const ways = waysOf(predictor)
  const address = predictor.mode === 'Knative' ? 'component' : 'address'
  return [
    ...callers.flatMap(caller => {
      const pods = podsFor(caller)
      return ways.to(address, { caller: toCaller(pods[0]), entry: caller.name, pods })
    }),
    // Of another name than those of the entry: paths are compared by name.
    ...(entry === predictor ? [] : ways.probes.map(way => ({ ...way, entry: `${way.entry} of ${predictor.name}` })))
  ]
}

/** A pod that certainly calls. */
function toCaller({ proxy, namespace }: Workload): Caller {
  return { caller: proxy === 'none' ? 'non-mesh' : 'in-mesh', from: [namespace] }
}
