import { isAmbient } from '../istio/ambient.ts'
import type { Destination } from '../istio/client.ts'
import { rewritesProbes } from '../istio/injection.ts'
import type { Call } from '../istio/request.ts'
import { type Component, QUEUE_PORT } from '../kserve/inference-service.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { isScraped } from './activator.ts'
import { evaluatePlaintextCall } from './call-result.ts'
import type { PathKinds } from './caller.ts'
import { NON_MESH_CLIENT } from './callers.ts'
import { toResults } from './evaluate-calls.ts'
import { type HopEvaluator, inSequence } from './hop-sequence.ts'
import { PLAINTEXT_CLIENT } from './ingress-entry.ts'
import { metricsScrape } from './pod-dial.ts'
import type { PathTemplate } from './request-path.ts'

/** Path of health or metrics probes by Knative or the kubelet. */
export function probe(entry: 'autoscaler' | 'kubelet', step: HopEvaluator): PathTemplate {
  const call: Call = { host: '', path: undefined, method: 'GET', token: undefined, headers: {}, headersComplete: false }
  return {
    caller: 'probe',
    from: undefined,
    entry,
    candidates: [{ at: [], call }],
    follow: inSequence([step])
  }
}

/**
 * Kubelet probes that reach a sidecar; by default they bypass it.
 *
 * @param port that is probed if the pods do not show their probes
 * @see istio 1.31 pkg/kube/inject/app_probe.go
 */
export function kubeletProbes(
  view: View<PathKinds>,
  { annotations }: Component,
  destination: Destination,
  pods: readonly Workload[],
  port: number
): readonly PathTemplate[] {
  const probed = pods.flatMap(workload => {
    // Probes bypass ztunnel.
    if (workload.proxy === 'none' || isAmbient(view, workload)) return []
    const assumed = rewritesProbes(view, annotations, workload.revision) ? [] : [{ port, path: HEALTH }]
    return (workload.probes ?? assumed).map(one => ({ endpoint: { workload, port: one.port }, path: one.path }))
  })
  if (probed.length === 0) return []
  const step: HopEvaluator = next => {
    const calls = probed.map(({ endpoint, path }) => {
      const call: Call = { ...next.call, path }
      return evaluatePlaintextCall(
        view,
        { client: NON_MESH_CLIENT, call, destination, endpoint, fromNode: true },
        PLAINTEXT_CLIENT
      )
    })
    return { hop: { name: 'kubelet->pod', ...toResults(calls) }, next }
  }
  return [probe('kubelet', step)]
}

const HEALTH = '/healthz'

/** Probe paths. Without metrics the autoscaler neither scales a model nor removes the activator from its path. */
export function knativeProbes(
  view: View<PathKinds>,
  component: Component,
  revision: Destination,
  pods: readonly Workload[]
): readonly PathTemplate[] {
  const metrics: HopEvaluator = next => ({ hop: { name: 'autoscaler->pod', ...metricsScrape(view, revision) }, next })
  return [
    ...(isScraped(view, component) ? [probe('autoscaler', metrics)] : []),
    ...kubeletProbes(view, component, revision, pods, QUEUE_PORT)
  ]
}
