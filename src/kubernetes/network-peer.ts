import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import type { Workload } from '../state/workload.ts'
import { type Prefix, parseAddress, parseCidr } from '../text/cidr.ts'
import { type LabelSelector, selectsPartlyKnown } from '../text/selector.ts'
import { all, anyOf, type Tristate } from '../text/tristate.ts'

export type NetworkPeer = ResourceOf<'NetworkPolicy'>['spec']['ingress'][number]['from'][number]
export type IpBlock = NonNullable<NetworkPeer['ipBlock']>

/** Label of each namespace with its own name, which the API server sets. */
export const NAME_LABEL = 'kubernetes.io/metadata.name'

/** Keys that controllers and injectors set on pods, besides those that the model predicts. */
export const GENERATED = /(^|\.)(istio\.io|knative\.dev|kserve\.io|k8s\.io|kubernetes\.io)\/|^pod-template-hash$/

/** Whether a selector of pods, in the namespace of the pod, selects it. */
export function selectsPod(selector: LabelSelector, { labels, unknownLabels }: Workload): Tristate {
  return selectsPartlyKnown(selector, labels, key =>
    unknownLabels === 'generated' ? GENERATED.test(key) : unknownLabels !== undefined
  )
}

/**
 * Whether a rule with these peers matches the pod; a rule without peers matches every one. Unknown for a pod on the network
 * of its node: network plugins may see only the node.
 *
 * @param own namespace of the policy
 * @see kubernetes 1.36 staging/src/k8s.io/api/networking/v1/types.go (NetworkPolicyPeer)
 */
export function matchesPeers(
  view: View<'Namespace'>,
  own: string,
  peers: readonly NetworkPeer[],
  pod: Workload
): Tristate {
  if (peers.length === 0) return true
  return anyOf(peers, peer => matchesPeer(view, own, peer, pod))
}

function matchesPeer(view: View<'Namespace'>, own: string, peer: NetworkPeer, pod: Workload): Tristate {
  const { ipBlock, namespaceSelector, podSelector } = peer
  if (ipBlock !== undefined) return isInBlock(ipBlock, pod)
  if (pod.hostNetwork || isAnywhere(pod)) return undefined
  const inNamespace =
    namespaceSelector === undefined ? pod.namespace === own : selectsNamespace(view, namespaceSelector, pod)
  if (inNamespace === false || podSelector === undefined) return inNamespace
  return all([inNamespace, selectsPod(podSelector, pod)])
}

/** True for a client outside of the mesh: whether it is in the cluster is not known. */
const isAnywhere = ({ namespace, proxy }: Workload) => namespace === '' && proxy === 'none'

/**
 * Labels of a namespace that does not exist in the state are not known. That goes for the callers in any namespace too:
 * they are denied only if a policy admits no namespace besides those that it names, which are caller classes of their own.
 */
function selectsNamespace(view: View<'Namespace'>, selector: LabelSelector, { namespace }: Workload): Tristate {
  const found = namespace === '' ? undefined : view.get('Namespace', '', namespace)
  const labels = { ...found?.labels, [NAME_LABEL]: namespace }
  return selectsPartlyKnown(selector, labels, () => found === undefined)
}

const prefixesOf = memoize(({ cidr, except }: IpBlock) => ({
  included: parseCidr(cidr),
  excluded: except.map(parseCidr)
}))

/** Unknown without an address, except for a block of all addresses. */
function isInBlock(block: IpBlock, { address }: Workload): Tristate {
  if (block.cidr.endsWith('/0') && block.except.length === 0) return true
  const own = address === undefined ? undefined : parseAddress(address)
  if (own === undefined) return undefined
  const { included, excluded } = prefixesOf(block)
  const contains = (prefix: Prefix | undefined) => prefix !== undefined && own.startsWith(prefix)
  return contains(included) && !excluded.some(contains)
}
