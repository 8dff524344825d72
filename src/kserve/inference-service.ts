import type { InjectionSubject } from '../istio/injection.ts'
import { podsWith } from '../kubernetes/service.ts'
import type { HttpProbe, PortTls } from '../state/kinds/container.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'
import { isPropagated } from './annotation-propagation.ts'
import { type DeploymentMode, deploymentMode } from './deployment-mode.ts'
import { findRuntime } from './runtime.ts'
import { scalingAnnotations } from './scaling.ts'
import { type ComponentName, serviceNameOf } from './service-names.ts'

export type InferenceService = ResourceOf<'InferenceService'>

/** Component of an InferenceService, with pods of its own. */
export interface Component {
  readonly name: ComponentName
  readonly mode: Exclude<DeploymentMode, 'ModelMesh'>
  /** Name of the Knative Service, or in Standard mode of the Service. */
  readonly service: string
  /** Labels and annotations of the pods and, in Knative mode, of the revision. */
  readonly labels: Labels
  readonly annotations: Labels
  readonly minReplicas: number
  /** 0: unlimited, or the default of Knative. */
  readonly maxReplicas: number
  /** Requests in flight that Knative lets a pod have; 0: unlimited. */
  readonly containerConcurrency: number
  readonly serviceAccount: string
  readonly hostNetwork: boolean
  /** True if a proxy in the pods serves TLS on port 8443 of the Service, in place of plaintext on port 80. */
  readonly authProxy: boolean
  /** Ports of which the probes of custom containers show whether they serve TLS. */
  readonly servesTls: readonly PortTls[]
  /** HTTP probes of custom containers. */
  readonly probes: readonly HttpProbe[]
}

export type ComponentKinds = 'ConfigMap' | 'ServingRuntime' | 'ClusterServingRuntime' | 'Service'

/** Label of pods with the name of their InferenceService. */
export const MODEL_LABEL = 'serving.kserve.io/inferenceservice'

const DEFAULT_MIN_REPLICAS = 1

/** @see opendatahub-io/kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/service (customizeService) */
const ENABLE_AUTH = 'security.opendatahub.io/enable-auth'

/**
 * Components with labels and annotations as KServe merges them: the component's take precedence over those of the
 * InferenceService, and these over those of the runtime (predictor only). None in ModelMesh mode: pods are shared.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/components
 */
export const componentsOf: (view: View<ComponentKinds>, service: InferenceService) => readonly Component[] =
  memoizeInView((view, service) => {
    const mode = deploymentMode(view, service)
    if (mode === 'ModelMesh') return []
    return (['predictor', 'transformer', 'explainer'] as const).flatMap(name => {
      const spec = service.spec[name]
      return spec === undefined
        ? []
        : [toComponent(view, service, spec, { mode, name, service: serviceNameOf(view, service, name) })]
    })
  })

/** Component as KServe merges it. */
export function toComponent(
  view: View<ComponentKinds>,
  service: InferenceService,
  spec: NonNullable<InferenceService['spec']['predictor']>,
  own: Pick<Component, 'mode' | 'name' | 'service'>
): Component {
  const { mode, name } = own
  const runtime = name === 'predictor' ? findRuntime(view, service.namespace, spec)?.spec : undefined
  const annotations = { ...runtime?.annotations, ...service.annotations, ...spec.annotations }
  return {
    ...own,
    labels: {
      ...runtime?.labels,
      ...service.labels,
      ...spec.labels,
      [MODEL_LABEL]: service.name,
      component: name
    },
    annotations: {
      ...Object.fromEntries(Object.entries(annotations).filter(([key]) => isPropagated(view, key))),
      ...(mode === 'Knative' ? scalingAnnotations(spec) : {})
    },
    minReplicas: spec.minReplicas ?? DEFAULT_MIN_REPLICAS,
    maxReplicas: spec.maxReplicas ?? 0,
    containerConcurrency: spec.containerConcurrency ?? 0,
    serviceAccount: spec.serviceAccountName ?? 'default',
    hostNetwork: spec.hostNetwork ?? false,
    authProxy: mode === 'Standard' && name !== 'transformer' && annotations[ENABLE_AUTH]?.toLowerCase() === 'true',
    servesTls: spec.containers.flatMap(container => container.servesTls),
    probes: spec.containers.flatMap(container => container.probes)
  }
}

/** Component that serves the InferenceService URL. */
export function entryOf(components: readonly Component[]): Component | undefined {
  return components.find(({ name }) => name === 'transformer') ?? components.find(({ name }) => name === 'predictor')
}

/** Running pods of a component. Pods of canaries have the labels of the predictor, but another app. */
export function podsOf(
  view: View<'Pod'>,
  { namespace, name, spec }: InferenceService,
  component: Component
): readonly Workload[] {
  const app = spec.canary.length === 0 ? {} : { app: `isvc.${component.service}` }
  return podsWith(view, namespace, { [MODEL_LABEL]: name, component: component.name, ...app })
}

/** Properties of a component's next pods that injection depends on. */
export function injectionSubject(
  { namespace }: InferenceService,
  { labels, annotations, hostNetwork }: Component
): InjectionSubject {
  return { namespace, labels, annotations, hostNetwork }
}

/** Ports of queue-proxy, which all requests to a pod in Knative mode use. */
export const QUEUE_PORT = 8012
export const METRICS_PORT = 9090
/** Default port of model servers. */
export const STANDARD_PORT = 8080
/** Port of the authenticating proxy, on the Service and on the pods. */
export const AUTH_PROXY_PORT = 8443

/** Name of the latest ready revision; before the first one is ready, the name that Knative will give it. */
export function revisionOf({ status }: InferenceService, { name, service }: Component): string {
  return status?.components?.[name]?.latestReadyRevision ?? `${service}-00001`
}

const REVISION_LABEL = 'serving.knative.dev/revision'

/**
 * Revision that still gets a share of the requests, during a rollout by `canaryTrafficPercent`.
 * @see kserve 0.20 pkg/controller/v1beta1/inferenceservice/reconcilers/knative/ksvc_reconciler.go (createKnativeService)
 */
export function previousRevisionOf(service: InferenceService, component: Component): string | undefined {
  const latest = revisionOf(service, component)
  const { traffic = [] } = service.status?.components?.[component.name] ?? {}
  return traffic.find(({ revisionName = latest, percent = 0 }) => revisionName !== latest && percent > 0)?.revisionName
}

/** True if the pod belongs to this revision. */
export const isOfRevision = ({ labels }: Workload, revision: string) => labels[REVISION_LABEL] === revision

/** Labels that KServe sets on the pods of a component. */
export function generatedLabels(service: InferenceService, component: Component): Labels {
  const { mode, labels, service: serviceName } = component
  const revision = revisionOf(service, component)
  const own: Labels =
    mode === 'Knative'
      ? {
          'serving.knative.dev/service': serviceName,
          'serving.knative.dev/configuration': serviceName,
          [REVISION_LABEL]: revision
        }
      : { app: `isvc.${serviceName}` }
  return { app: revision, ...labels, ...own }
}
