import { ANY_VALUE, mentionedLabels } from '../kubernetes/network-callers.ts'
import { GENERATED, NAME_LABEL, type NetworkPeer } from '../kubernetes/network-peer.ts'
import { type NetworkPolicy, rulesOf } from '../kubernetes/network-policy.ts'
import { memoize } from '../state/memoize.ts'
import type { LabelSelector } from '../text/selector.ts'

/** What NetworkPolicies of all namespaces match on, besides the labels of the pods that they select. */
interface NetworkWords {
  /** Labels of pods as peers. */
  readonly peerLabels: LabelWords
  /** Namespaces that are peers by name: each namespace has a label with its name. */
  readonly namespaces: ReadonlySet<string>
  /** CIDR blocks that do not cover every address. */
  readonly blocks: readonly string[]
}

interface LabelWords {
  /** Keys of which every value is relevant. */
  readonly keys: readonly string[]
  readonly pairs: readonly (readonly [key: string, value: string])[]
}

export const networkWords = memoize((policies: readonly NetworkPolicy[]): NetworkWords => {
  const peers = policies.flatMap(peersOf)
  const namespaceSelectors = peers.flatMap(({ namespaceSelector }) => namespaceSelector ?? [])
  return {
    peerLabels: labelWords(peers.flatMap(({ podSelector }) => podSelector ?? [])),
    namespaces: new Set(mentionedLabels(namespaceSelectors).get(NAME_LABEL)),
    blocks: [...new Set(peers.flatMap(blocksOf))].sort()
  }
})

/** Labels of the pods that policies select. */
export const selectedLabels = memoize((policies: readonly NetworkPolicy[]) =>
  labelWords(policies.map(({ spec }) => spec.podSelector))
)

/** Without a label, a value that is not mentioned gives the same result; unless the label may be added to the pod. */
function labelWords(selectors: readonly LabelSelector[]): LabelWords {
  const mentioned = [...mentionedLabels(selectors)]
  return {
    keys: mentioned.flatMap(([key, values]) => (values.has(ANY_VALUE) || GENERATED.test(key) ? [key] : [])),
    pairs: mentioned.flatMap(([key, values]) => [...values].map(value => [key, value] as const))
  }
}

const peersOf = memoize((policy: NetworkPolicy): readonly NetworkPeer[] =>
  (['ingress', 'egress'] as const).flatMap(direction => rulesOf(policy, direction).flatMap(({ peers }) => peers))
)

function blocksOf({ ipBlock }: NetworkPeer): readonly string[] {
  if (ipBlock === undefined || (ipBlock.cidr.endsWith('/0') && ipBlock.except.length === 0)) return []
  return [ipBlock.cidr, ...ipBlock.except]
}
