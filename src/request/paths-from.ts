import { isAmbient } from '../istio/ambient.ts'
import { inferencePath } from '../kserve/inference-request.ts'
import { type Component, type InferenceService, MODEL_LABEL } from '../kserve/inference-service.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import type { PathKinds, TrafficSource } from './caller.ts'
import { callerText } from './caller-classes.ts'
import { rejectedPaths, unknownPath } from './inference-service-paths.ts'
import { addressOf, type ModelTemplates, templatesOf } from './model-templates.ts'
import { evaluatePath, type Path, type PathTemplate, type PathTemplates } from './request-path.ts'
import { routeNames } from './route-names.ts'
import { toDestination } from './service-resolution.ts'

/** Path of a source in the cluster, with the host that it calls. */
export interface SourcePath extends Path {
  readonly host: string
}

/** Paths from any pods to a running InferenceService. */
export interface PathsFrom {
  /**
   * By its URL, by the host of each component, and by the Service of each canary. The entry of a path is `address`,
   * `component`, the name of another component, or `canary` and its name. Pods of the InferenceService itself call only its
   * predictor.
   */
  readonly pathsFrom: (source: TrafficSource) => readonly SourcePath[]
  /** Pods with equal texts and equal traits have equal paths. */
  readonly textOf: (pod: Workload) => string
}

/** Absent for a mode without pods of its own. */
export function pathsFromPods(view: View<PathKinds>, service: InferenceService): PathsFrom | undefined {
  const model = templatesOf(view, service, 'current')
  if (model === undefined) return undefined
  const addresses = addressesOf(model)
  const own = serviceHost(service.namespace, service.name, view.settings.clusterDomain)
  const hosts = [own, ...addresses.flatMap(({ templates }) => templates.hosts)]
  const routes = routeNames(view, hosts)
  const servers = [
    ...addresses.flatMap(({ templates }) => templates.servers),
    ...routes.hosts.flatMap(host => toDestination(view, host, HTTP_PORT).endpoints.map(({ workload }) => workload))
  ]
  const call = { path: inferencePath(service), method: 'POST', hosts }
  const text = callerText(view, { hosts: [...hosts, ...routes.hosts], servers, call })
  const { rejected, unknown } = model
  return {
    pathsFrom: source => {
      const { caller, pods } = source
      const [pod] = pods
      const called = addresses.filter(one => isCalledBy(one, service, pod))
      if (called.length === 0) return []
      if (rejected !== undefined) return rejectedPaths(rejected, [caller]).map(path => ({ ...path, host: own }))
      if (unknown !== undefined) return [{ ...unknownPath(unknown, []), ...caller, host: own }]
      return called
        .flatMap(({ to, templates, entry }) => templates.to(to, entry === undefined ? source : { ...source, entry }))
        .flatMap(evaluateWithHost)
    },
    textOf: pod => [isAmbient(view, pod), routes.namespaces.has(pod.namespace) && pod.namespace, text(pod)].join(' ')
  }
}

function evaluateWithHost(template: PathTemplate): readonly SourcePath[] {
  const [{ call }] = template.candidates
  return evaluatePath(template).map(path => ({ ...path, host: call.host }))
}

interface Address {
  readonly to: 'address' | 'component'
  /** Absent: the address of the component that serves the InferenceService URL. */
  readonly entry: string | undefined
  readonly templates: PathTemplates
  /** True if transformers and explainers call it. */
  readonly isPredictor: boolean
}

function addressesOf({ entry, components, templates, templatesFor, canaries }: ModelTemplates): readonly Address[] {
  const toAddress = (to: Address['to'], { name, mode }: Component, own: PathTemplates, named?: string): Address => ({
    to,
    entry: named,
    templates: own,
    isPredictor: name === 'predictor' && to === addressOf({ mode })
  })
  const others = components.filter(component => component !== entry)
  return [
    toAddress('address', entry, templates),
    toAddress('component', entry, templates),
    ...others.map(one => toAddress(addressOf(one), one, templatesFor(one), one.name)),
    ...canaries.map(one => ({
      ...toAddress('address', one.canary, one.templates, `canary ${one.canary.version}`),
      isPredictor: false
    }))
  ]
}

/** Transformers and explainers call the predictor of their InferenceService, and predictors nothing of it. */
function isCalledBy({ isPredictor }: Address, { namespace, name }: InferenceService, pod: Workload): boolean {
  const isOwn = pod.namespace === namespace && pod.labels[MODEL_LABEL] === name
  return !isOwn || (isPredictor && pod.labels['component'] !== 'predictor')
}
