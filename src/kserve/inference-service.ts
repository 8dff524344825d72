import { type InjectionKinds, type InjectionSubject, injection } from '../istio/injection.ts'
import { podsWith } from '../kubernetes/service.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseExcludedInboundPorts, TLS_MODE_LABEL, type Workload } from '../state/workload.ts'
import type { Labels } from '../text/selector.ts'
import { isPropagated } from './annotation-propagation.ts'
import { type DeploymentMode, deploymentMode } from './deployment-mode.ts'
import { findRuntime } from './runtime.ts'

export type InferenceService = ResourceOf<'InferenceService'>
export type ComponentName = 'predictor' | 'transformer' | 'explainer'

/** A part of an InferenceService that has pods of its own. */
export interface Component {
  readonly name: ComponentName
  readonly mode: DeploymentMode
  /** The Knative Service, or in Standard mode the Service. */
  readonly service: string
  /** What the pods and, in Knative mode, the revision get. */
  readonly labels: Labels
  readonly annotations: Labels
  readonly minReplicas: number
  readonly serviceAccount: string
  readonly hostNetwork: boolean
}

export type ComponentKinds = 'ConfigMap' | 'ServingRuntime' | 'ClusterServingRuntime'

const DEFAULT_MIN_REPLICAS = 1

/**
 * The components, with labels and annotations as KServe merges them: the component's own before those of the
 * InferenceService, before (for a predictor) those of the runtime.
 * @see kserve pkg/controller/v1beta1/inferenceservice/components
 */
export const componentsOf: (view: View<ComponentKinds>, service: InferenceService) => readonly Component[] =
  memoizeInView((view, service) => {
    const mode = deploymentMode(view, service)
    return (['predictor', 'transformer', 'explainer'] as const).flatMap(name => {
      const spec = service.spec[name]
      if (spec === undefined) return []
      const runtime = name === 'predictor' ? findRuntime(view, service.namespace, spec)?.spec : undefined
      const annotations = { ...runtime?.annotations, ...service.annotations, ...spec.annotations }
      return [
        {
          name,
          mode,
          service: `${service.name}-${name}`,
          labels: {
            ...runtime?.labels,
            ...service.labels,
            ...spec.labels,
            'serving.kserve.io/inferenceservice': service.name,
            component: name
          },
          annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => isPropagated(view, key))),
          minReplicas: spec.minReplicas ?? DEFAULT_MIN_REPLICAS,
          serviceAccount: spec.serviceAccountName ?? 'default',
          hostNetwork: spec.hostNetwork ?? false
        }
      ]
    })
  })

/** The component that the model's own address leads to. */
export function entryOf(components: readonly Component[]): Component | undefined {
  return components.find(({ name }) => name === 'transformer') ?? components.find(({ name }) => name === 'predictor')
}

/** The running pods of a component. */
export function podsOf(
  view: View<'Pod'>,
  { namespace, name }: InferenceService,
  component: Component
): readonly Workload[] {
  return podsWith(view, namespace, { 'serving.kserve.io/inferenceservice': name, component: component.name })
}

/** What the injector will see of a component's pods. */
export function injectionSubject(
  { namespace }: InferenceService,
  { labels, annotations, hostNetwork }: Component
): InjectionSubject {
  return { namespace, labels, annotations, hostNetwork }
}

/** Ports of a pod in Knative mode are queue-proxy's. */
export const QUEUE_PORT = 8012
export const METRICS_PORT = 9090
const KNATIVE_PORTS = [
  { name: 'queue-port', containerPort: QUEUE_PORT },
  { name: 'http-autometric', containerPort: METRICS_PORT },
  { name: 'http-usermetric', containerPort: 9091 },
  { name: 'http-queueadm', containerPort: 8022 }
]
/** Where a model server listens that declares no port. */
export const STANDARD_PORT = 8080

/** The revision that takes requests, as far as it is known. */
export function revisionOf({ status }: InferenceService, { name, service }: Component): string {
  return status?.components?.[name]?.latestReadyRevision ?? `${service}-00001`
}

/** Labels that KServe sets on the pods of a component. */
export function generatedLabels(service: InferenceService, component: Component): Labels {
  const { mode, labels, service: made } = component
  const revision = revisionOf(service, component)
  const own: Labels =
    mode === 'Knative'
      ? {
          'serving.knative.dev/service': made,
          'serving.knative.dev/configuration': made,
          'serving.knative.dev/revision': revision
        }
      : { app: `isvc.${made}` }
  return { app: revision, ...labels, ...own }
}

/** A pod of the component as it will be made next: its labels, its identity, and whether it gets a sidecar. */
export function desiredPod(view: View<InjectionKinds>, service: InferenceService, component: Component): Workload {
  const { injected } = injection(view, injectionSubject(service, component))
  return {
    namespace: service.namespace,
    name: `${component.service} (next pod)`,
    labels: { ...(injected ? { [TLS_MODE_LABEL]: 'istio' } : {}), ...generatedLabels(service, component) },
    serviceAccount: component.serviceAccount,
    proxy: injected ? 'sidecar' : 'none',
    ports: component.mode === 'Knative' ? KNATIVE_PORTS : [{ name: undefined, containerPort: STANDARD_PORT }],
    address: undefined,
    excludedInboundPorts: parseExcludedInboundPorts(component.annotations)
  }
}
