import type { Workload } from '../state/workload.ts'
import type { Endpoint } from './service.ts'

/** Keeps one pod per set of routing-relevant fields. */
export function dedupePods(pods: readonly Workload[]): readonly Workload[] {
  return dedupeEndpoints(toEndpoints(pods, 0)).map(({ workload }) => workload)
}

/** Keeps one endpoint per port and set of routing-relevant fields. */
export function dedupeEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  if (endpoints.length < 2) return endpoints
  const known = new Map<string, Endpoint>()
  for (const endpoint of endpoints) {
    const { namespace, labels, serviceAccount, proxy, revision, excludedInboundPorts, servesTls, captured } =
      endpoint.workload
    const { hostNetwork, ports, probes } = endpoint.workload
    const key = JSON.stringify([
      namespace,
      serviceAccount,
      proxy,
      revision,
      labels,
      excludedInboundPorts,
      servesTls,
      captured,
      hostNetwork,
      ports,
      probes,
      endpoint.port
    ])
    // The remaining pod represents several addresses, so it has none for policies to match on.
    known.set(key, known.has(key) ? { ...endpoint, workload: { ...endpoint.workload, address: undefined } } : endpoint)
  }
  return [...known.values()]
}

export function toEndpoints(pods: readonly Workload[], port: number): readonly Endpoint[] {
  return pods.map(workload => ({ workload, port }))
}
