import type { Config } from '../config.ts'
import { policyAt } from '../engine/findings.ts'
import { judgeState, type Memory } from '../engine/judge.ts'
import type { AuditOptions } from '../keeper/auditor.ts'
import { RULES } from '../rules/index.ts'
import type { StateSource } from '../sources/source.ts'

/**
 * What the leader audits: the state by our rules, and after the first time no more of it than has changed.
 *
 * @param memory may be that of admission, which judges the same state by the same rules
 */
export function auditing(
  source: StateSource,
  { current }: { readonly current: () => Config },
  memory: Memory
): AuditOptions {
  return {
    source,
    judge: state => judgeState(state, RULES, policyAt(current(), Date.now()), memory),
    reports: current().audit.reports
  }
}
