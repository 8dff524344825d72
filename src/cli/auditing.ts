import type { Config } from '../config.ts'
import { judgeState, type Memory } from '../engine/judge.ts'
import type { AuditOptions } from '../keeper/auditor.ts'
import { RULES } from '../rules/index.ts'
import type { StateSource } from '../sources/source.ts'

/** What the leader audits: the state by our rules, and after the first time no more of it than has changed. */
export function auditing(source: StateSource, config: Config): AuditOptions {
  const memory: Memory = {}
  return { source, judge: state => judgeState(state, RULES, config, memory), reports: config.audit.reports }
}
