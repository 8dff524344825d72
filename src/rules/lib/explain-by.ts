import { isAmbient } from '../../istio/ambient.ts'
import type { PathKinds } from '../../request/caller.ts'
import type { Failure } from '../../request/failure.ts'
import type { Ref } from '../../state/resource.ts'
import type { View } from '../../state/snapshot.ts'
import type { AttributedProblem, FailureRule } from './rule.ts'

/** Explains a failure by its rule, with what users see: ztunnel resets connections, where Envoy answers with a status. */
export function explainBy(rule: FailureRule, failure: Failure, changed?: Ref) {
  return (view: View<PathKinds>): { readonly problem: AttributedProblem; readonly symptom: string } => {
    const { symptom, ztunnelSymptom = symptom } = rule
    const problem = rule.explain(failure, view, changed)
    return { problem, symptom: isAtZtunnel(failure, view) ? ztunnelSymptom : symptom }
  }
}

function isAtZtunnel(failure: Failure, view: View<PathKinds>): boolean {
  if (!('server' in failure)) return false
  return 'at' in failure.server ? failure.server.at === 'ztunnel' : isAmbient(view, failure.server)
}
