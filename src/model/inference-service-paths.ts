import { meshSources, NON_MESH_SOURCE } from './callers.ts'
import { findKserveRejection } from './control-plane.ts'
import { dedupePods } from './dedupe-endpoints.ts'
import type { ConfigurationRejected } from './hop.ts'
import { serviceHost } from './host.ts'
import { inferenceGraphSources } from './inference-graph.ts'
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
import { knativePaths } from './knative-paths.ts'
import { type Caller, evaluatePath, type Path, type PathKinds, type PathTemplates } from './request-path.ts'
import type { View } from './snapshot.ts'
import { standardPaths } from './standard-paths.ts'
import type { Workload } from './workload.ts'

/** Which pods of a model are judged: those that run, or those that will be made next. */
export type PodGeneration = 'running' | 'next'

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
  which: PodGeneration = 'running',
  representative?: string
): readonly Path[] {
  const components = componentsOf(view, service)
  const component = entryOf(components)
  if (component === undefined || component.mode === 'ModelMesh') return []
  const podsFor = (one: Component) => podsToEvaluate(view, service, one, which)
  // What is not there yet never comes; what runs goes on.
  const isNew = service.created === undefined && podsOf(view, service, component).length === 0
  const refused = findKserveRejection(view)
  if (refused !== undefined)
    return isNew ? rejected(refused) : [unknownPath(`what KServe made while it took its configuration`)]
  if (isAmbient(view, service.namespace) && podsFor(component).every(({ proxy }) => proxy === 'none'))
    return [unknownPath('what ztunnel does: the namespace is ambient')]

  const templatesOf = (one: Component): PathTemplates =>
    (one.mode === 'Knative' ? knativePaths : standardPaths)(view, service, one, podsFor(one))
  const templates = templatesOf(component)
  const own = serviceHost(service.namespace, service.name, view.settings.clusterDomain)
  const call = { path: inferencePath(service), method: 'POST', hosts: [own, ...templates.hosts] }
  const callers = meshSources(view, { hosts: templates.hosts, servers: templates.servers, call }, representative)
  return [
    ...callers.flatMap(origin => templates.to('component', origin)),
    ...templates.external,
    ...[...callers, NON_MESH_SOURCE, ...inferenceGraphSources(view, service)].flatMap(origin =>
      templates.to('address', origin)
    ),
    ...templates.probes,
    ...internalPaths(components, component, podsFor, templatesOf)
  ].flatMap(evaluatePath)
}

/** What a controller refuses is out of everybody's reach. */
function rejected(failure: ConfigurationRejected): readonly Path[] {
  const hops = [{ name: 'controller' as const, calls: [], failure }]
  return (['external', 'in-mesh', 'non-mesh'] as const).map(caller => ({
    caller,
    from: undefined,
    entry: 'address',
    activatorMode: undefined,
    hops,
    expected: true
  }))
}

/** What stands for all ways to a model of which nothing can be said. */
function unknownPath(unknown: string): Path {
  const hops = [{ name: 'caller->pod' as const, calls: [], failure: undefined, unknown }]
  return { caller: 'in-mesh', from: undefined, entry: 'address', activatorMode: undefined, hops, expected: true }
}

/** The pods that stand for a component: the running ones, one of each template, else the next. */
export function podsToEvaluate(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  which: PodGeneration
): readonly [Workload, ...Workload[]] {
  const [first, ...others] = which === 'running' ? dedupePods(podsOf(view, service, component)) : []
  return [first ?? desiredPod(view, service, component), ...others]
}

/** Would the pods that are made next fare otherwise than those that run? */
export function hasPendingRollout(view: View<PathKinds>, service: InferenceService): boolean {
  return componentsOf(view, service).some(component => {
    const next = injection(view, injectionSubject(service, component)).injected ? 'sidecar' : 'none'
    return podsOf(view, service, component).some(
      ({ proxy, serviceAccount }) => proxy !== next || serviceAccount !== component.serviceAccount
    )
  })
}

/** A transformer or an explainer calls the predictor, by its component's host. */
function internalPaths(
  components: readonly Component[],
  entry: Component,
  podsFor: (component: Component) => readonly [Workload, ...Workload[]],
  templatesOf: (component: Component) => PathTemplates
) {
  const predictor = components.find(({ name }) => name === 'predictor')
  if (predictor === undefined) return []
  const callers = components.filter(component => component !== predictor)
  if (callers.length === 0) return []
  const templates = templatesOf(predictor)
  const address = predictor.mode === 'Knative' ? 'component' : 'address'
  return [
    ...callers.flatMap(caller => {
      const pods = podsFor(caller)
      return templates.to(address, { caller: toCaller(pods[0]), entry: caller.name, pods })
    }),
    // Of another name than those of the entry: paths are compared by name.
    ...(entry === predictor
      ? []
      : templates.probes.map(template => ({ ...template, entry: `${template.entry} of ${predictor.name}` })))
  ]
}

/** A pod that certainly calls. */
function toCaller({ proxy, namespace }: Workload): Caller {
  return { caller: proxy === 'none' ? 'non-mesh' : 'in-mesh', from: [namespace] }
}
