import { access } from '../../../src/engine/access.ts'
import { explain } from '../../../src/engine/explain.ts'
import { diffStates } from '../../../src/engine/state-diff.ts'
import { DEFAULT_POLICY } from '../../../src/engine/to-findings.ts'
import { toDiff } from '../../../src/report/diff.ts'
import { type Explanation, toExplanation } from '../../../src/report/explanation.ts'
import { toAccessHtml } from '../../../src/report/html/access-html.ts'
import { type ComparedState, toDiffHtml } from '../../../src/report/html/diff-html.ts'
import { toExplanationHtml } from '../../../src/report/html/explanation-html.ts'
import { RULES } from '../../../src/rules/index.ts'
import type { Snapshot } from '../../../src/state/snapshot.ts'
import { stockWith } from '../../support/snapshot.ts'

export const explanationOf = (state: Snapshot, rules = RULES): Explanation =>
  toExplanation(
    state,
    explain(state, () => true, rules, DEFAULT_POLICY)
  )

/** Page of `explain` for the example cluster with these objects. */
export const explanationPage = (yaml: string) => toExplanationHtml(explanationOf(stockWith(yaml)))

/** Page of `access` for the example cluster with these objects. */
export function accessPage(yaml: string): string {
  const state = stockWith(yaml)
  return toAccessHtml(
    state,
    access(state, () => true, RULES, DEFAULT_POLICY)
  )
}

/** Page of `diff` for the example cluster with these objects before and those after. */
export function diffPage(before: string, after: string, toCompared = compared): string {
  const [first, second] = [stockWith(before), stockWith(after)]
  const diff = toDiff(diffStates(first, second, RULES))
  return toDiffHtml(diff, toCompared('base', first), toCompared('head', second))
}

const compared = (name: string, state: Snapshot): ComparedState => ({ name, explanation: explanationOf(state) })

/** AuthorizationPolicy for one model that allows callers of one namespace. */
export const onlyFrom = (namespace: string, model: string) => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: only-${model} }
spec:
  selector: { matchLabels: { serving.kserve.io/inferenceservice: ${model} } }
  rules: [{ from: [{ source: { namespaces: [${namespace}] } }] }]
`
