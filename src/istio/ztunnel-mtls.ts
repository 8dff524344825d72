import { sortByCreationTime } from '../state/creation-order.ts'
import { memoizeInView } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { hasLabels } from '../text/selector.ts'
import { meshOf } from './mesh.ts'
import { hasWorkloadSelector, type PeerAuthentication } from './peer-authentication.ts'

type Mode = NonNullable<NonNullable<PeerAuthentication['spec']['mtls']>['mode']>

/** DENY policies for connections without identity that istiod converts PeerAuthentications to. */
interface Strictness {
  /** On all ports; the PeerAuthentication that decides. */
  readonly everywhere: PeerAuthentication | undefined
  /** On some ports, as its conversion says. */
  readonly byPort: { readonly by: PeerAuthentication; readonly refuses: (port: number) => boolean } | undefined
}

/**
 * PeerAuthentication by which the ztunnel of a captured pod refuses connections without identity on a port; absent: it accepts
 * them. ztunnel knows no mTLS modes: istiod converts them, and the result differs from that of a sidecar in some cases.
 * @see istio 1.31 pilot/pkg/serviceregistry/ambient/authorization.go (convertedSelectorPeerAuthentications,
 * convertPeerAuthentication), policies.go, workloads.go (fetchPeerAuthentications)
 */
export function strictAt(
  view: View<'PeerAuthentication' | 'ConfigMap'>,
  workload: Workload,
  port: number
): PeerAuthentication | undefined {
  const { everywhere, byPort } = strictnessOf(view, workload)
  return everywhere ?? (byPort?.refuses(port) === true ? byPort.by : undefined)
}

const strictnessOf: (view: View<'PeerAuthentication' | 'ConfigMap'>, workload: Workload) => Strictness = memoizeInView(
  (view, workload) => {
    const { rootNamespace } = meshOf(view, workload)
    const ofMesh = sortByCreationTime(view.list('PeerAuthentication', rootNamespace))
    const isOwnRoot = workload.namespace === rootNamespace
    const own = isOwnRoot ? [] : sortByCreationTime(view.list('PeerAuthentication', workload.namespace))
    // From other namespaces, an empty selector in the root namespace is not taken for none.
    const mesh = ofMesh.find(one => (isOwnRoot ? !hasWorkloadSelector(one.spec.selector) : hasNoSelector(one)))
    const namespace = own.find(one => !hasWorkloadSelector(one.spec.selector))
    const selected = own.find(
      ({ spec: { selector } }) => hasWorkloadSelector(selector) && hasLabels(workload.labels, selector.matchLabels)
    )
    const parent = strictParent(mesh, namespace)
    if (selected === undefined) return { everywhere: parent, byPort: undefined }
    return strictnessOfWorkload(selected, parent, {
      mesh: ofMesh.find(hasNoSelector),
      namespace: own.find(hasNoSelector)
    })
  }
)

const hasNoSelector = ({ spec: { selector } }: PeerAuthentication) => selector === undefined
const modeOf = (policy: PeerAuthentication | undefined): Mode => policy?.spec.mtls?.mode ?? 'UNSET'

/** The policy of the mesh or namespace by which a workload is STRICT. */
function strictParent(
  mesh: PeerAuthentication | undefined,
  namespace: PeerAuthentication | undefined
): PeerAuthentication | undefined {
  const decisive = modeOf(namespace) === 'UNSET' ? mesh : namespace
  return modeOf(decisive) === 'STRICT' ? decisive : undefined
}

/** Policies that the conversion looks at: those without any selector. */
interface Inherited {
  readonly mesh: PeerAuthentication | undefined
  readonly namespace: PeerAuthentication | undefined
}

function strictnessOfWorkload(
  policy: PeerAuthentication,
  parent: PeerAuthentication | undefined,
  inherited: Inherited
): Strictness {
  const mode = modeOf(policy)
  const ports = Object.values(policy.spec.portLevelMtls).map(one => one?.mode ?? 'UNSET')
  const strict = mode === 'UNSET' ? parent : mode === 'STRICT' ? policy : undefined
  const exempting: readonly Mode[] = mode === 'STRICT' ? ['PERMISSIVE', 'DISABLE'] : ['PERMISSIVE']
  const isConverted = ports.some(one => (strict === undefined ? one === 'STRICT' : exempting.includes(one)))
  if (!isConverted) return { everywhere: strict, byPort: undefined }
  const refuses = convert(policy, inherited)
  // The converted policy replaces the one for all ports, even if istiod does not create it.
  return { everywhere: undefined, byPort: refuses && { by: policy, refuses } }
}

/** Whether the policy that istiod makes of a workload's PeerAuthentication refuses a port; absent if it makes none. */
function convert(policy: PeerAuthentication, { mesh, namespace }: Inherited): ((port: number) => boolean) | undefined {
  const mode = modeOf(policy)
  const [ofMesh, ofNamespace] = [modeOf(mesh), modeOf(namespace)]
  const isParentStrict =
    mode === 'STRICT' ||
    (mode === 'UNSET' && ofNamespace === 'STRICT') ||
    // It does not ask whether the workload's own mode is UNSET.
    (ofNamespace === 'UNSET' && ofMesh === 'STRICT')
  const isLenient =
    mode === 'PERMISSIVE' ||
    mode === 'DISABLE' ||
    (mode === 'UNSET' && (namespace === undefined ? ofMesh !== 'STRICT' : ofNamespace !== 'STRICT'))
  const byMode = (modes: readonly string[]) =>
    Object.entries(policy.spec.portLevelMtls).flatMap(([port, mtls]) =>
      modes.includes(mtls?.mode ?? 'UNSET') ? [Number(port)] : []
    )
  const strict = isParentStrict ? [] : byMode(['STRICT'])
  const exempt = isLenient ? [] : byMode(['PERMISSIVE', 'DISABLE'])
  if (strict.length + exempt.length === 0) return undefined
  return port => strict.includes(port) || (exempt.length > 0 && !exempt.includes(port))
}
