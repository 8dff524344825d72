import { sortByCreationTime } from '../state/creation-order.ts'
import { memoize } from '../state/memoize.ts'
import type { View } from '../state/snapshot.ts'
import { toFullName } from '../text/host.ts'
import { type DestinationRule, sameLabels } from './destination-rule.ts'

/**
 * DestinationRules that are merged before this one for the same host, clients and namespaces, oldest first. Of several, the
 * first traffic policy and the first subset of a name apply; fields are not merged.
 * @see istio 1.31 pilot/pkg/model/destination_rule.go (mergeDestinationRule)
 */
export function mergedBefore(view: View<'DestinationRule'>, rule: DestinationRule): readonly DestinationRule[] {
  const { clusterDomain } = view.settings
  const hostOf = ({ spec, namespace }: DestinationRule) => toFullName(spec.host, namespace, clusterDomain)
  const same = sortByCreationTime(view.list('DestinationRule', rule.namespace)).filter(
    one => hostOf(one) === hostOf(rule)
  )
  return same.slice(0, same.indexOf(rule)).filter(one => hasScopeOf(one, rule))
}

function hasScopeOf({ spec: a }: DestinationRule, { spec: b }: DestinationRule): boolean {
  if (a.workloadSelector !== undefined && b.workloadSelector !== undefined) {
    return sameLabels(a.workloadSelector.matchLabels, b.workloadSelector.matchLabels)
  }
  const [mine, theirs] = [exportsOf(a), exportsOf(b)]
  return a.workloadSelector === b.workloadSelector && theirs.isSubsetOf(mine) && mine.isSubsetOf(theirs)
}

const exportsOf = memoize(({ exportTo }: DestinationRule['spec']): ReadonlySet<string> => new Set(exportTo))
