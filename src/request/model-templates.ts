import { type Canary, canariesOf } from '../kserve/canaries.ts'
import { type Component, componentsOf, entryOf, type InferenceService, podsOf } from '../kserve/inference-service.ts'
import { desiredPod } from '../kserve/next-pod.ts'
import { dedupePods } from '../kubernetes/dedupe-endpoints.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { PathKinds } from './caller.ts'
import { findKserveRejection } from './control-plane.ts'
import type { ConfigurationRejected } from './failure.ts'
import { knativePaths } from './knative-paths.ts'
import type { PathTemplates } from './request-path.ts'
import { standardPaths } from './standard-paths.ts'
import { unknownInstallation } from './unknown-installation.ts'

/** Pods to evaluate: the current ones, or those after the next rollout. */
export type PodGeneration = 'current' | 'next'

/** Path templates of an InferenceService's components. */
export interface ModelTemplates {
  readonly components: readonly Component[]
  /** Component that serves the InferenceService URL. */
  readonly entry: Component
  readonly podsFor: (component: Component) => readonly [Workload, ...Workload[]]
  readonly templatesFor: (component: Component) => PathTemplates
  /** Templates of the entry component. */
  readonly templates: PathTemplates
  readonly canaries: readonly CanaryTemplates[]
  /** Why no path is known. */
  readonly unknown: string | undefined
  /** Set if KServe creates nothing for the InferenceService. */
  readonly rejected: ConfigurationRejected | undefined
}

export interface CanaryTemplates {
  readonly canary: Canary
  readonly templates: PathTemplates
}

/** Absent for a mode without pods of its own. */
export function templatesOf(
  view: View<PathKinds>,
  service: InferenceService,
  generation: PodGeneration
): ModelTemplates | undefined {
  const components = componentsOf(view, service)
  const entry = entryOf(components)
  if (entry === undefined) return undefined
  const podsFor = (one: Component) => podsToEvaluate(view, service, one, generation)
  const missing = unknownInstallation(view, entry, components.flatMap(podsFor))
  // An invalid configuration blocks new models; running models are not affected.
  const isNew = service.created === undefined && podsOf(view, service, entry).length === 0
  const rejection = findKserveRejection(view)
  const templatesFor = (one: Component): PathTemplates =>
    (one.mode === 'Knative' ? knativePaths : standardPaths)(view, service, one, podsFor(one))
  return {
    components,
    entry,
    podsFor,
    templatesFor,
    templates: templatesFor(entry),
    canaries: canariesOf(view, service).map(canary => ({ canary, templates: templatesFor(canary) })),
    unknown: missing ?? (rejection && REJECTED),
    rejected: missing === undefined && isNew ? rejection : undefined
  }
}

const REJECTED = 'KServe rejects its configuration; objects that it created before are not modeled'

/** Address of a component other than the one that serves the InferenceService URL. */
export const addressOf = ({ mode }: Pick<Component, 'mode'>) => (mode === 'Knative' ? 'component' : 'address')

/** Pods that represent a component: one running pod of each template, else the next pod. */
export function podsToEvaluate(
  view: View<PathKinds>,
  service: InferenceService,
  component: Component,
  generation: PodGeneration
): readonly [Workload, ...Workload[]] {
  const [first, ...others] = generation === 'current' ? dedupePods(podsOf(view, service, component)) : []
  return [first ?? desiredPod(view, service, component), ...others]
}
