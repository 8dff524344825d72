import { sortByCreationTime } from '../state/creation-order.ts'
import { memoize, memoizeInView } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { hasLabels, isEmpty, type Labels } from '../text/selector.ts'
import { meshOf } from './mesh.ts'

export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT'

export type PeerAuthentication = ResourceOf<'PeerAuthentication'>

/** mTLS mode, and the object that sets it; without an object, Istio's default. */
export type MtlsSetting =
  | { readonly mode: MtlsMode; readonly by: PeerAuthentication }
  | { readonly mode: 'PERMISSIVE'; readonly by: undefined }

/** Effective mTLS modes of a workload. */
export interface PeerMtls {
  readonly workload: MtlsSetting
  /** By port number of the workload, not of a Service; that of the workload where it is absent. */
  readonly ports: ReadonlyMap<number, MtlsSetting | undefined>
}

/** True if the policies of a namespace are visible to the client. A proxy sees only namespaces that it imports. */
export type Visibility = (namespace: string) => boolean

const DEFAULT: MtlsSetting = { mode: 'PERMISSIVE', by: undefined }

/**
 * Effective policy of a workload: workload takes precedence over namespace and mesh level, UNSET inherits. At each level
 * only the oldest policy is used; one with a selector in the root namespace is ignored.
 * @see istio 1.31 pilot/pkg/security/authn/policy_applier.go (ComposePeerAuthentication)
 */
export function peerMtls(
  view: View<'PeerAuthentication' | 'ConfigMap'>,
  { namespace, labels, revision }: Pick<Workload, 'namespace' | 'labels' | 'revision'>,
  isVisible: Visibility = () => true
): PeerMtls {
  const { rootNamespace } = meshOf(view, { revision })
  const own =
    isVisible(namespace) && namespace !== rootNamespace
      ? sortByCreationTime(view.list('PeerAuthentication', namespace))
      : []
  const workload = own.find(
    ({ spec: { selector } }) => hasWorkloadSelector(selector) && hasLabels(labels, selector.matchLabels)
  )
  const inherited = merge(meshPolicy(view, rootNamespace), namespacePolicy(own))
  return { workload: merge(inherited, workload), ports: workload === undefined ? NO_PORTS : portSettings(workload) }
}

const NO_PORTS: PeerMtls['ports'] = new Map()

const portSettings = memoize((policy: PeerAuthentication): PeerMtls['ports'] => {
  const settings = Object.entries(policy.spec.portLevelMtls)
  return new Map(settings.map(([port, mtls]) => [Number(port), toSetting(mtls?.mode, policy)] as const))
})

/** mTLS mode of a port of the workload. */
export function modeForPort({ workload, ports }: PeerMtls, port: number): MtlsSetting {
  return ports.get(port) ?? workload
}

/**
 * Mode that a client infers for a Service without endpoint: only mesh and namespace level. A STRICT workload in a DISABLE
 * namespace is therefore sent plaintext.
 * @see istio 1.31 pilot/pkg/model/push_context.go (BestEffortInferServiceMTLSMode)
 */
export function namespaceMtls(
  view: View<'PeerAuthentication' | 'ConfigMap'>,
  namespace: string,
  isVisible: Visibility
): MtlsSetting {
  const { rootNamespace } = meshOf(view)
  const own =
    isVisible(namespace) && namespace !== rootNamespace
      ? sortByCreationTime(view.list('PeerAuthentication', namespace))
      : []
  return merge(meshPolicy(view, rootNamespace), namespacePolicy(own))
}

/** Mesh-wide policy: the oldest one without selector in the root namespace. */
export const meshPolicy: (view: View<'PeerAuthentication'>, rootNamespace: string) => MtlsSetting = memoizeInView(
  (view, rootNamespace) =>
    merge(DEFAULT, namespacePolicy(sortByCreationTime(view.list('PeerAuthentication', rootNamespace))))
)

/** False for a selector without labels, which selects every workload. */
export function hasWorkloadSelector(
  selector: PeerAuthentication['spec']['selector']
): selector is { matchLabels: Labels } {
  return selector !== undefined && !isEmpty(selector.matchLabels)
}

function namespacePolicy(policies: readonly PeerAuthentication[]): PeerAuthentication | undefined {
  return policies.find(({ spec }) => !hasWorkloadSelector(spec.selector))
}

function merge(inherited: MtlsSetting, policy: PeerAuthentication | undefined): MtlsSetting {
  return toSetting(policy?.spec.mtls?.mode, policy) ?? inherited
}

function toSetting(mode: MtlsMode | 'UNSET' | undefined, by: PeerAuthentication | undefined): MtlsSetting | undefined {
  return mode === undefined || mode === 'UNSET' || by === undefined ? undefined : { mode, by }
}
