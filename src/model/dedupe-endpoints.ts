import type { Endpoint } from './service.ts'
import type { Workload } from './workload.ts'

/** Pods made by one template fare alike, so one of them is enough. */
export function dedupePods(pods: readonly Workload[]): readonly Workload[] {
  return dedupeEndpoints(toEndpoints(pods, 0)).map(({ workload }) => workload)
}

/** The same for endpoints. */
export function dedupeEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  if (endpoints.length < 2) return endpoints
  const known = new Map<string, Endpoint>()
  for (const endpoint of endpoints) {
    const { namespace, labels, serviceAccount, proxy, excludedInboundPorts } = endpoint.workload
    const key = JSON.stringify([namespace, serviceAccount, proxy, labels, excludedInboundPorts, endpoint.port])
    // Their addresses differ, so what goes by addresses cannot be said of all.
    known.set(key, known.has(key) ? { ...endpoint, workload: { ...endpoint.workload, address: undefined } } : endpoint)
  }
  return [...known.values()]
}

export function toEndpoints(pods: readonly Workload[], port: number): readonly Endpoint[] {
  return pods.map(workload => ({ workload, port }))
}
