import type { Destination } from '../istio/client.ts'
import { findBurstCapacity } from '../knative/burst-capacity.ts'
import { autoscalerDefault } from '../knative/knative.ts'
import type { Component } from '../kserve/inference-service.ts'
import { SCALE_METRIC, SCALE_TARGET } from '../kserve/scaling.ts'
import type { View } from '../state/snapshot.ts'
import { parseGoFloat } from '../text/go-float.ts'
import type { PathKinds } from './caller.ts'
import { isOk } from './evaluate-calls.ts'
import { metricsScrape } from './pod-dial.ts'

/** Last part of a Knative path: via the activator (Proxy mode) or direct to the pods (Serve mode). */
export type ActivatorMode = 'proxy' | 'serve'

export const HPA = 'hpa.autoscaling.knative.dev'
export const CLASS = 'autoscaling.knative.dev/class'

/**
 * Activator modes of a revision. With burst capacity 0 the activator is removed from the path while pods run, if the
 * autoscaler can read their metrics; with more, while the pods without requests have at least that capacity.
 * @see knative serving 1.23 pkg/autoscaler/scaling/autoscaler.go, pkg/reconciler/autoscaling/kpa/kpa.go
 */
export function activatorModesOf(
  view: View<PathKinds>,
  component: Component,
  revision: Destination
): readonly ActivatorMode[] {
  if (component.annotations[CLASS] === HPA) return ['serve']
  const capacity = burstCapacityOf(view, component)
  if (!Number.isFinite(capacity) || capacity === -1 || capacity > maxCapacityOf(view, component)) return ['proxy']
  const canServe = capacity === 0 && component.minReplicas > 0
  return canServe && isOk(metricsScrape(view, revision)) ? ['serve'] : ['serve', 'proxy']
}

/** True if the autoscaler scrapes the pods. If requests always pass the activator, it reports the metrics instead. */
export function isScraped(view: View<PathKinds>, component: Component): boolean {
  const capacity = burstCapacityOf(view, component)
  return component.annotations[CLASS] !== HPA && Number.isFinite(capacity) && capacity !== -1
}

function burstCapacityOf(view: View<'ConfigMap'>, { annotations }: Component): number {
  return findBurstCapacity(annotations)?.value ?? autoscalerDefault(view, 'target-burst-capacity')
}

/** Requests that all pods of a revision can handle; infinite without a maximum of pods. */
function maxCapacityOf(view: View<'ConfigMap'>, component: Component): number {
  const pods = component.maxReplicas === 0 ? autoscalerDefault(view, 'max-scale') : component.maxReplicas
  return pods === 0 ? Number.POSITIVE_INFINITY : pods * podCapacityOf(view, component)
}

/** @see knative serving 1.23 pkg/reconciler/autoscaling/resources/target.go (ResolveMetricTarget) */
function podCapacityOf(view: View<'ConfigMap'>, { annotations, containerConcurrency }: Component): number {
  const target = parseGoFloat(annotations[SCALE_TARGET] ?? '')
  if (annotations[SCALE_METRIC] === 'rps') {
    return target ?? autoscalerDefault(view, 'requests-per-second-target-default')
  }
  const limit = containerConcurrency === 0 ? Number.POSITIVE_INFINITY : containerConcurrency
  if (target !== undefined) return Math.min(target, limit)
  return containerConcurrency === 0 ? autoscalerDefault(view, 'container-concurrency-target-default') : limit
}
