import { sortByCreationTime } from './creation-order.ts'
import { memoizeInView } from './memoize.ts'
import { meshOf } from './mesh.ts'
import type { ResourceOf } from './resource.ts'
import { hasLabels, isEmpty, type Labels } from './selector.ts'
import type { View } from './snapshot.ts'

export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT'

export type PeerAuthentication = ResourceOf<'PeerAuthentication'>

/** A mode, and the object that set it; without one it is Istio's default. */
export type MtlsSetting =
  | { readonly mode: MtlsMode; readonly by: PeerAuthentication }
  | { readonly mode: 'PERMISSIVE'; readonly by: undefined }

/** What PeerAuthentications make of one workload. */
export interface PeerMtls {
  readonly workload: MtlsSetting
  /** By number of the workload's port, not of a Service's. */
  readonly ports: ReadonlyMap<number, MtlsSetting>
}

/** May the one who asks see the policies of this namespace? A proxy sees those of the namespaces it imports alone. */
export type Visibility = (namespace: string) => boolean

const DEFAULT: MtlsSetting = { mode: 'PERMISSIVE', by: undefined }

/**
 * The policy in force for a workload: mesh, namespace and workload level, the nearer one winning, an unset one
 * inheriting. At each level the oldest policy counts alone; one with a selector in the root namespace counts nowhere.
 * @see istio pilot/pkg/security/authn/policy_applier.go (ComposePeerAuthentication)
 */
export function peerMtls(
  view: View<'PeerAuthentication' | 'ConfigMap'>,
  { namespace, labels }: { readonly namespace: string; readonly labels: Labels },
  sees: Visibility = () => true
): PeerMtls {
  const { rootNamespace } = meshOf(view)
  const own =
    sees(namespace) && namespace !== rootNamespace ? sortByCreationTime(view.list('PeerAuthentication', namespace)) : []
  const workload = own.find(
    ({ spec: { selector } }) => hasWorkloadSelector(selector) && hasLabels(labels, selector.matchLabels)
  )
  const inherited = merge(meshPolicy(view, rootNamespace), namespacePolicy(own))
  const setting = merge(inherited, workload)
  const ports = Object.entries(workload?.spec.portLevelMtls ?? {}).map(
    ([port, mtls]) => [Number(port), toSetting(mtls?.mode, workload) ?? setting] as const
  )
  return { workload: setting, ports: new Map(ports) }
}

/** The setting for a port of the workload. */
export function modeForPort({ workload, ports }: PeerMtls, port: number): MtlsSetting {
  return ports.get(port) ?? workload
}

/**
 * What a client believes of a Service before it looks at an endpoint: mesh and namespace level alone. So a workload
 * that is STRICT in a namespace that is DISABLE is sent plaintext.
 * @see istio pilot/pkg/model/push_context.go (BestEffortInferServiceMTLSMode)
 */
export function namespaceMtls(
  view: View<'PeerAuthentication' | 'ConfigMap'>,
  namespace: string,
  sees: Visibility
): MtlsSetting {
  const { rootNamespace } = meshOf(view)
  const own =
    sees(namespace) && namespace !== rootNamespace ? sortByCreationTime(view.list('PeerAuthentication', namespace)) : []
  return merge(meshPolicy(view, rootNamespace), namespacePolicy(own))
}

/** The policy for the whole mesh: the oldest one without selector in the root namespace. */
export const meshPolicy: (view: View<'PeerAuthentication'>, rootNamespace: string) => MtlsSetting = memoizeInView(
  (view, rootNamespace) =>
    merge(DEFAULT, namespacePolicy(sortByCreationTime(view.list('PeerAuthentication', rootNamespace))))
)

/** A selector without labels selects everything, and so is none. */
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
