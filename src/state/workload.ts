import type { Labels } from '../text/selector.ts'
import { memoize } from './memoize.ts'
import type { ResourceOf } from './resource.ts'

/** What stands before the application: a sidecar, nothing, or (a gateway) it is the proxy itself. */
export type Proxy = 'sidecar' | 'gateway' | 'none'

/** A pod, running or expected, as far as the traffic path is concerned. */
export interface Workload {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly serviceAccount: string
  readonly proxy: Proxy
  readonly ports: ResourceOf<'Pod'>['spec']['containers'][number]['ports']
  readonly address: string | undefined
  /** Ports that lead past the sidecar to the application. */
  readonly excludedInboundPorts?: readonly number[]
}

const EXCLUDED_PORTS = 'traffic.sidecar.istio.io/excludeInboundPorts'

/** @see istio pkg/kube/inject/template.go (excludeInboundPort) */
export function parseExcludedInboundPorts(annotations: Labels): readonly number[] {
  return (annotations[EXCLUDED_PORTS] ?? '')
    .split(',')
    .filter(text => text.trim() !== '')
    .map(Number)
}

/** Set on injected pods by Istio's sidecar template, and never on gateways; a value of the user's own is kept. */
export const TLS_MODE_LABEL = 'security.istio.io/tlsMode'

/**
 * What clients with auto mTLS read of an endpoint. Only `istio` gets mTLS.
 * @see istio pilot/pkg/serviceregistry/kube/conversion.go (PodTLSMode)
 */
export function tlsModeOf({ labels }: Workload): string {
  return labels[TLS_MODE_LABEL] ?? 'disabled'
}

/** The identity in the workload's mesh certificate. */
export function identityOf(
  { namespace, serviceAccount }: Pick<Workload, 'namespace' | 'serviceAccount'>,
  trustDomain: string
): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
}

export const toWorkload: (pod: ResourceOf<'Pod'>) => Workload = memoize(
  ({ namespace, name, labels, annotations, spec, status }) => {
    // A native sidecar is a restartable init container.
    const proxy = [...spec.containers, ...spec.initContainers].find(container => container.name === 'istio-proxy')
    return {
      namespace,
      name,
      labels,
      serviceAccount: spec.serviceAccountName ?? 'default',
      proxy: proxy === undefined ? 'none' : proxy.args.includes('router') ? 'gateway' : 'sidecar',
      ports: spec.containers.flatMap(({ ports }) => ports),
      address: status?.podIP,
      excludedInboundPorts: parseExcludedInboundPorts(annotations)
    }
  }
)

/** A pod that has ended takes no traffic, though its object may stay. */
export function isRunning({ status, deleting }: ResourceOf<'Pod'>): boolean {
  return !deleting && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}
