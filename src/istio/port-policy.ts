import type { ClientTls, MergedDestinationRule } from './destination-rule.ts'

/** Port of a Service, or of one of its subsets. */
interface Port {
  readonly port: number
  readonly subset?: string | undefined
}

interface PortPolicy {
  readonly tls: ClientTls | undefined
  readonly passthrough: boolean
}

/**
 * Traffic policy for the port. An entry for the Service's port replaces the whole policy: fields that it omits are not
 * inherited. A subset's policy takes precedence over the rule's.
 */
export function policyFor(merged: MergedDestinationRule | undefined, { port, subset }: Port): PortPolicy {
  const top = portPolicy(merged?.trafficPolicy, port)
  const own = subsetPolicy(merged, subset)
  if (own === undefined) return top
  const entry = portEntry(own, port)
  if (entry !== undefined) return portPolicy(own, port)
  return {
    tls: own.tls ?? top.tls,
    passthrough: own.loadBalancer === undefined ? top.passthrough : own.loadBalancer.simple === 'PASSTHROUGH'
  }
}

function portPolicy(policy: MergedDestinationRule['trafficPolicy'], port: number): PortPolicy {
  const { tls, loadBalancer } = portEntry(policy, port) ?? policy ?? { tls: undefined, loadBalancer: undefined }
  return { tls, passthrough: loadBalancer?.simple === 'PASSTHROUGH' }
}

function portEntry(policy: MergedDestinationRule['trafficPolicy'], port: number) {
  return policy?.portLevelSettings.find(entry => entry.port?.number === port)
}

/** TLS mode by which Istio checks endpoints: that of the rule or subset, even if a port entry replaces the policy. */
export function endpointMode(merged: MergedDestinationRule | undefined, { port, subset }: Port): ClientTls['mode'] {
  const modeOf = (policy: MergedDestinationRule['trafficPolicy']) => {
    const entry = policy?.portLevelSettings.find(one => one.port?.number === port && one.tls !== undefined)
    const tls = entry?.tls ?? policy?.tls
    return tls === undefined ? undefined : (tls.mode ?? 'DISABLE')
  }
  return modeOf(subsetPolicy(merged, subset)) ?? modeOf(merged?.trafficPolicy)
}

function subsetPolicy(merged: MergedDestinationRule | undefined, subset: string | undefined) {
  return subset === undefined ? undefined : merged?.subsets.get(subset)?.trafficPolicy
}
