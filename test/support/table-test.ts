import type t from 'tap'
import { decideState } from '../../src/engine/decide.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { CheckRule, FailureRule } from '../../src/rules/lib/rule.ts'
import { stockWith } from './snapshot.ts'

/** By test name: objects added to the example cluster, and expected findings as `Kind namespace/name field`. */
export type RuleCases = Readonly<Record<string, readonly [yaml: string, locations: readonly string[]]>>

/** Tests the findings of a rule. */
export function testRule(tap: typeof t, rule: Pick<CheckRule | FailureRule, 'id'>, table: RuleCases): void {
  for (const [name, [yaml, locations]] of Object.entries(table)) {
    tap.test(name, async tap => {
      tap.same(locationsOf(rule.id, yaml), [...locations].sort())
    })
  }
}

/** Findings of a rule in the example cluster with these objects. */
export function findingsOf(id: string, yaml: string): readonly Finding[] {
  return decideState(stockWith(yaml), RULES, DEFAULT_POLICY).findings.filter(({ rule }) => rule === id)
}

export function locationsOf(id: string, yaml: string): readonly string[] {
  return findingsOf(id, yaml)
    .map(({ object: { kind, namespace, name }, field }) => `${kind} ${namespace}/${name} ${field}`)
    .sort()
}
