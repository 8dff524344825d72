import type { DestinationRule } from '../istio/destination-rule.ts'
import { mergedBefore } from '../istio/destination-rule-merge.ts'
import { memoize } from '../state/memoize.ts'
import { nameOf, toRef } from '../state/resource.ts'
import { toFullName } from '../text/host.ts'
import { coversModelHost } from './lib/model-host.ts'
import { defineCheck, type Fix } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineCheck({
  id: 'destinationrule-superseded',
  category: 'ineffective',
  mode: 'warn',
  summary: 'An older DestinationRule for the same host of a model takes precedence',
  symptom: '`istioctl proxy-config cluster` shows the settings of another DestinationRule',
  on: ['DestinationRule'],
  reads: ['InferenceService', 'ConfigMap'],
  *check(rule, view) {
    const older = mergedBefore(view, rule)
    if (older.length === 0) return
    const host = toFullName(rule.spec.host, rule.namespace, view.settings.clusterDomain)
    if (!coversModelHost(view, host)) return
    const ignored = [...ignoredPolicy(rule, older), ...ignoredSubsets(rule, older)]
    for (const { field, by } of ignored) {
      yield {
        field,
        message: `${nameOf(rule)}: ${field} is ignored, the older ${by.name} sets it for ${rule.spec.host}`,
        fix: withoutIgnored(
          rule,
          ignored.map(one => one.field),
          by
        )
      }
    }
  }
})

/** Setting without effect, and the DestinationRule that takes precedence. */
interface Ignored {
  readonly field: string
  readonly by: DestinationRule
}

const TRAFFIC_POLICY = 'spec.trafficPolicy'
const subsetField = (index: number) => `spec.subsets[${index}]`

/** Equal settings are not reported: the result is what the author intends. */
function ignoredPolicy({ spec }: DestinationRule, older: readonly DestinationRule[]): readonly Ignored[] {
  const by = older.find(one => one.spec.trafficPolicy !== undefined)
  if (by === undefined || spec.trafficPolicy === undefined) return []
  return isEqual(by.spec.trafficPolicy, spec.trafficPolicy) ? [] : [{ field: TRAFFIC_POLICY, by }]
}

function ignoredSubsets({ spec }: DestinationRule, older: readonly DestinationRule[]): readonly Ignored[] {
  return spec.subsets.flatMap((subset, i) => {
    const by = older.find(one => subsetsByName(one).has(subset.name))
    if (by === undefined || isEqual(subsetsByName(by).get(subset.name), subset)) return []
    return [{ field: subsetField(i), by }]
  })
}

const subsetsByName = memoize(
  ({ spec }: DestinationRule) => new Map(spec.subsets.map(subset => [subset.name, subset] as const))
)

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Removes only what has no effect. */
function withoutIgnored(rule: DestinationRule, fields: readonly string[], by: DestinationRule): Fix {
  const { trafficPolicy, subsets, ...others } = rule.spec
  const kept = fields.includes(TRAFFIC_POLICY) ? undefined : trafficPolicy
  const keptSubsets = subsets.filter((_, i) => !fields.includes(subsetField(i)))
  const text = `Set the intended values in DestinationRule ${by.name}, and remove them here`
  if (kept === undefined && keptSubsets.length === 0) return { text, remove: [toRef(rule)] }
  return {
    text,
    apply: [updatedManifest(rule, { spec: { ...others, ...(kept && { trafficPolicy: kept }), subsets: keptSubsets } })]
  }
}
