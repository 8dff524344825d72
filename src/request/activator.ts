import type { Destination } from '../istio/client.ts'
import { findBurstCapacity } from '../knative/burst-capacity.ts'
import { defaultBurstCapacity } from '../knative/knative.ts'
import type { Component } from '../kserve/inference-service.ts'
import type { View } from '../state/snapshot.ts'
import type { PathKinds } from './caller.ts'
import { isOk } from './evaluate-calls.ts'
import { metricsScrape } from './pod-dial.ts'

/** Last part of a Knative path: via the activator (Proxy mode) or direct to the pods (Serve mode). */
export type ActivatorMode = 'proxy' | 'serve'

export const HPA = 'hpa.autoscaling.knative.dev'
export const CLASS = 'autoscaling.knative.dev/class'

/**
 * Activator modes of a revision. With burst capacity 0 the activator is removed from the path while pods run, if the
 * autoscaler can read their metrics.
 * @see knative serving 1.23 pkg/autoscaler/scaling/autoscaler.go, pkg/reconciler/autoscaling/kpa/kpa.go
 */
export function activatorModesOf(
  view: View<PathKinds>,
  component: Component,
  revision: Destination
): readonly ActivatorMode[] {
  if (component.annotations[CLASS] === HPA) return ['serve']
  const capacity = burstCapacityOf(view, component)
  if (!Number.isFinite(capacity) || capacity === -1) return ['proxy']
  const canServe = capacity === 0 && component.minReplicas > 0
  return canServe && isOk(metricsScrape(view, revision)) ? ['serve'] : ['serve', 'proxy']
}

/** True if the autoscaler scrapes the pods. If requests always pass the activator, it reports the metrics instead. */
export function isScraped(view: View<PathKinds>, component: Component): boolean {
  const capacity = burstCapacityOf(view, component)
  return component.annotations[CLASS] !== HPA && Number.isFinite(capacity) && capacity !== -1
}

function burstCapacityOf(view: View<'ConfigMap'>, { annotations }: Component): number {
  return findBurstCapacity(annotations)?.value ?? defaultBurstCapacity(view)
}
