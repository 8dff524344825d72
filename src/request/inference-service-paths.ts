import { isAmbient } from '../istio/ambient.ts'
import { canariesOf } from '../kserve/canaries.ts'
import { inferencePath } from '../kserve/inference-request.ts'
import { type Component, componentsOf, type InferenceService, podsOf } from '../kserve/inference-service.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { Caller, PathKinds, TrafficSource } from './caller.ts'
import { meshSources, NON_MESH_SOURCE } from './callers.ts'
import type { ConfigurationRejected } from './failure.ts'
import { inferenceGraphSources } from './inference-graph.ts'
import {
  addressOf,
  type CanaryTemplates,
  type ModelTemplates,
  type PodGeneration,
  templatesOf
} from './model-templates.ts'
import { evaluatePath, type Path, type PathTemplate } from './request-path.ts'

/**
 * Every request path to an InferenceService. None for a mode without pods of its own. A model without running pods is
 * evaluated with its next pods.
 *
 * @param representative namespace that represents its caller class, whose objects are reported as source; by default the
 * first
 */
export function pathsOf(
  view: View<PathKinds>,
  service: InferenceService,
  generation: PodGeneration = 'current',
  representative?: string
): readonly Path[] {
  const model = templatesOf(view, service, generation)
  if (model === undefined) return []
  const { entry, templates, canaries, unknown, rejected } = model
  if (rejected !== undefined) return rejectedPaths(rejected)
  const all = [templates, ...canaries.map(one => one.templates)]
  const hosts = all.flatMap(one => one.hosts)
  const own = serviceHost(service.namespace, service.name, view.settings.clusterDomain)
  const call = { path: inferencePath(service), method: 'POST', hosts: [own, ...hosts] }
  const servers = all.flatMap(one => one.servers)
  const sources = meshSources(view, { hosts, servers, call }, representative)
  const paths = [
    ...sources.flatMap(source => templates.to('component', source)),
    ...templates.external,
    ...[...sources, NON_MESH_SOURCE, ...inferenceGraphSources(view, service)].flatMap(source =>
      templates.to('address', source)
    ),
    ...templates.probes,
    ...canaries.flatMap(one => canaryPaths(view, one, entry, [...sources, NON_MESH_SOURCE])),
    ...internalPaths(model)
  ].flatMap(evaluatePath)
  return unknown === undefined ? paths : [unknownPath(unknown, paths)]
}

const ANY_CALLERS: readonly Caller[] = (['external', 'in-mesh', 'non-mesh'] as const).map(caller => ({
  caller,
  from: undefined
}))

/** A rejected InferenceService is unreachable for all callers. */
export function rejectedPaths(failure: ConfigurationRejected, callers = ANY_CALLERS): readonly Path[] {
  const hops = [{ name: 'controller' as const, calls: [], failure }]
  return callers.map(caller => ({ ...caller, entry: 'address', activatorMode: undefined, hops, expected: true }))
}

/** One path of unknown result that represents all paths to a model. Their results by default are the inputs. */
export function unknownPath(reason: string, paths: readonly Path[]): Path {
  const results = paths.map(({ caller, entry, hops, unknown }) => [caller, entry, hops.at(-1)?.failure?.cause, unknown])
  const unknown = { reason, inputs: JSON.stringify(results) }
  const hops = [{ name: 'caller->pod' as const, calls: [], failure: undefined, unknown }]
  return {
    caller: 'in-mesh',
    from: undefined,
    entry: 'address',
    activatorMode: undefined,
    hops,
    expected: true,
    unknown
  }
}

/** True if the next pods differ from the running ones in sidecar, ambient mode or service account. */
export function hasPendingRollout(view: View<PathKinds>, service: InferenceService): boolean {
  return [...componentsOf(view, service), ...canariesOf(view, service)].some(component => {
    const next = desiredPod(view, service, component)
    return podsOf(view, service, component).some(
      pod =>
        pod.proxy !== next.proxy ||
        pod.serviceAccount !== next.serviceAccount ||
        isAmbient(view, pod) !== isAmbient(view, next)
    )
  })
}

/**
 * Paths to a canary: by its Service, and by its share of the external requests, which only an HTTPRoute splits.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/ingress/httproute_reconciler.go (applyCanaryWeights)
 */
function canaryPaths(
  view: View<PathKinds>,
  { canary, templates }: CanaryTemplates,
  entry: Component,
  sources: readonly TrafficSource[]
): readonly PathTemplate[] {
  const name = `canary ${canary.version}`
  const isShared = ingressOf(view).config.enableGatewayApi && canary.trafficPercent > 0 && entry.name === canary.name
  return [
    ...(isShared ? templates.external.map(one => ({ ...one, entry: name, address: `${one.address} ${name}` })) : []),
    ...sources.flatMap(source => templates.to('address', { ...source, entry: name }))
  ]
}

/** Paths from transformer and explainer to the predictor host. */
function internalPaths({ components, entry, podsFor, templatesFor }: ModelTemplates) {
  const predictor = components.find(({ name }) => name === 'predictor')
  if (predictor === undefined) return []
  const callers = components.filter(component => component !== predictor)
  if (callers.length === 0) return []
  const templates = templatesFor(predictor)
  const address = addressOf(predictor)
  return [
    ...callers.flatMap(caller => {
      const pods = podsFor(caller)
      return templates.to(address, { caller: toCaller(pods[0]), entry: caller.name, pods })
    }),
    // Named differently from those of the entry component: paths are compared by name.
    ...(entry === predictor
      ? []
      : templates.probes.map(template => ({ ...template, entry: `${template.entry} of ${predictor.name}` })))
  ]
}

/** Caller of a pod that is known to send requests. */
export function toCaller({ proxy, namespace }: Workload): Caller {
  return { caller: proxy === 'none' ? 'non-mesh' : 'in-mesh', from: [namespace] }
}
