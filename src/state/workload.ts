import type { Labels } from '../text/selector.ts'
import type { HttpProbe, PortTls } from './kinds/container.ts'
import { memoize } from './memoize.ts'
import type { ResourceOf } from './resource.ts'

/** Envoy proxy of a pod: a sidecar beside the application, a gateway or waypoint without application, or none. */
export type Proxy = 'sidecar' | 'gateway' | 'waypoint' | 'none'

/** Pod, running or expected, with the fields that request paths depend on. */
export interface Workload {
  readonly namespace: string
  readonly name: string
  readonly labels: Labels
  readonly serviceAccount: string
  readonly proxy: Proxy
  readonly ports: ResourceOf<'Pod'>['spec']['containers'][number]['ports']
  readonly address: string | undefined
  /** Revision of Istio whose injector added the proxy; absent for the default one. */
  readonly revision?: string | undefined
  /** Ports on which traffic bypasses the sidecar. */
  readonly excludedInboundPorts?: readonly number[]
  /** Ports of which the pod shows whether its application serves TLS; the first entry of a port takes precedence. */
  readonly servesTls?: readonly PortTls[]
  /** HTTP probes of the application that reach the proxy of the pod. Absent: not known. */
  readonly probes?: readonly HttpProbe[] | undefined
  /** Whether ztunnel captures the pod (ambient mode), if the pod itself decides that; absent: its namespace decides. */
  readonly captured?: boolean | undefined
  /** True if the pod uses the network of its node; absent: it has its own. */
  readonly hostNetwork?: true | undefined
  /** Service whose requests the waypoint handles; absent: requests to addresses of pods. */
  readonly serves?: { readonly namespace: string; readonly name: string } | undefined
  /**
   * Labels that the pod may have besides `labels`. `generated`: those that controllers and injectors add to a pod that does
   * not exist yet. `any`: all. `chosen`: all; it stands for every pod of its namespace, and one that gets through is enough.
   */
  readonly unknownLabels?: 'generated' | 'any' | 'chosen' | undefined
}

/** Label of namespaces and pods: `ambient` selects ambient mode, `none` on a pod opts out. */
export const DATAPLANE_MODE = 'istio.io/dataplane-mode'
/** Annotation that istio-cni sets on captured pods. */
export const REDIRECTION = 'ambient.istio.io/redirection'
/** Annotation of pods that the injector changed, also of gateways. */
const INJECTED = 'sidecar.istio.io/status'

/**
 * Whether ztunnel will capture a pod that is yet to be created.
 * @see istio 1.31 cni/pkg/util/podutil.go, charts istio-cni values.yaml (ambient.enablementSelectors)
 */
export function captureOf(pod: {
  readonly labels: Labels
  readonly annotations: Labels
  readonly hostNetwork: boolean
}): boolean | undefined {
  const { labels, annotations, hostNetwork } = pod
  const mode = labels[DATAPLANE_MODE]
  if (hostNetwork || annotations[INJECTED] !== undefined) return false
  if (mode === 'ambient') return true
  return mode === 'none' ? false : undefined
}

const EXCLUDED_PORTS = 'traffic.sidecar.istio.io/excludeInboundPorts'

/** @see istio 1.31 pkg/kube/inject/template.go (excludeInboundPort) */
export function parseExcludedInboundPorts(annotations: Labels): readonly number[] {
  return (annotations[EXCLUDED_PORTS] ?? '')
    .split(',')
    .filter(text => text.trim() !== '')
    .map(Number)
}

/**
 * Annotation that the injector sets.
 * @see istio 1.31 manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
 */
const REVISION = 'istio.io/rev'

/** Label that Istio's sidecar template sets on injected pods, but not on gateways. Existing values take precedence. */
export const TLS_MODE_LABEL = 'security.istio.io/tlsMode'

/**
 * TLS mode of an endpoint for clients with auto mTLS, which send mTLS only to `istio`.
 * @see istio 1.31 pilot/pkg/serviceregistry/kube/conversion.go (PodTLSMode)
 */
export function tlsModeOf({ labels }: Workload): string {
  return labels[TLS_MODE_LABEL] ?? 'disabled'
}

/** SPIFFE identity in the Istio workload certificate. */
export function identityOf(
  { namespace, serviceAccount }: Pick<Workload, 'namespace' | 'serviceAccount'>,
  trustDomain: string
): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`
}

/** Argument of the proxies that are not sidecars. That of ztunnel serves other pods; its own pod has none. */
const ROLES: ReadonlyMap<string, Proxy> = new Map([
  ['router', 'gateway'],
  ['waypoint', 'waypoint'],
  ['ztunnel', 'none']
])

const roleOf = (args: readonly string[]): Proxy => args.flatMap(one => ROLES.get(one) ?? [])[0] ?? 'sidecar'

export const toWorkload: (pod: ResourceOf<'Pod'>) => Workload = memoize(
  ({ namespace, name, labels, annotations, spec, status }) => {
    // A native sidecar is a restartable init container.
    const containers = [...spec.containers, ...spec.initContainers]
    const proxy = containers.find(container => container.name === 'istio-proxy')
    return {
      namespace,
      name,
      labels,
      serviceAccount: spec.serviceAccountName ?? 'default',
      proxy: proxy === undefined ? 'none' : roleOf(proxy.args),
      ports: spec.containers.flatMap(({ ports }) => ports),
      address: status?.podIP,
      revision: annotations[REVISION],
      excludedInboundPorts: parseExcludedInboundPorts(annotations),
      captured: spec.hostNetwork !== true && annotations[REDIRECTION] === 'enabled',
      hostNetwork: spec.hostNetwork === true ? true : undefined,
      servesTls: containers.flatMap(container => container.servesTls),
      probes: probesOf(spec.containers)
    }
  }
)

/** Absent without any, so that many pods need no list. */
function probesOf(containers: ResourceOf<'Pod'>['spec']['containers']): readonly HttpProbe[] | undefined {
  const probes = containers.flatMap(container => container.probes)
  return probes.length === 0 ? undefined : probes
}

/** False for pods that are terminating or have completed; they receive no traffic. */
export function isRunning({ status, deleting }: ResourceOf<'Pod'>): boolean {
  return !deleting && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}
