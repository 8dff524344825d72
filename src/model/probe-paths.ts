import { passPlainly } from './call-result.ts'
import { CALLER } from './callers.ts'
import type { Destination } from './client.ts'
import { toEndpoints } from './dedupe-endpoints.ts'
import type { Component } from './inference-service.ts'
import { PLAIN_CLIENT } from './ingress-entry.ts'
import type { Call } from './request.ts'
import type { PathKinds, Step, Way } from './request-path.ts'
import type { View } from './snapshot.ts'
import type { Workload } from './workload.ts'

/** "false": the kubelet's probes are not led past the sidecar. */
const REWRITE = 'sidecar.istio.io/rewriteAppHTTPProbers'

/** What Knative or the kubelet does to see how a model fares. */
export function probe(entry: 'autoscaler' | 'kubelet', step: Step): Way {
  const call: Call = { host: '', path: undefined, method: 'GET', token: undefined, headers: {}, headersComplete: false }
  return {
    caller: 'probe',
    from: undefined,
    entry,
    starts: [{ at: [], call }],
    steps: [step],
    legs: [{ leg: undefined, steps: [] }]
  }
}

/**
 * The kubelet's probes, where they meet the sidecar at all: by default they are led past it.
 * @see istio pkg/kube/inject/app_probe.go
 */
export function kubeletProbes(
  view: View<PathKinds>,
  { annotations }: Component,
  destination: Destination,
  pods: readonly Workload[],
  port: number
): readonly Way[] {
  if (annotations[REWRITE] !== 'false') return []
  const step: Step = next => {
    const call: Call = { ...next.call, path: '/healthz' }
    const passages = toEndpoints(pods, port).map(endpoint =>
      passPlainly(view, { client: CALLER, call, destination, endpoint }, PLAIN_CLIENT)
    )
    return { hop: { name: 'kubelet->pod', passages, cut: passages.find(({ cut }) => cut !== undefined)?.cut }, next }
  }
  return [probe('kubelet', step)]
}
