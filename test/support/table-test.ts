import type t from 'tap'
import { decideState } from '../../src/engine/decide.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { CheckRule, FailureRule } from '../../src/rules/lib/rule.ts'
import { stockWith } from './snapshot.ts'

/** What is put into a stock installation, and where the rule then finds something: `Kind namespace/name field`. */
export type Cases = Readonly<Record<string, readonly [yaml: string, places: readonly string[]]>>

/** Runs the cases of a rule through the engine. */
export function testRule(tap: typeof t, rule: Pick<CheckRule | FailureRule, 'id'>, table: Cases): void {
  for (const [name, [yaml, places]] of Object.entries(table)) {
    tap.test(name, async tap => {
      tap.same(locationsOf(rule.id, yaml), [...places].sort())
    })
  }
}

/** What a rule finds in a stock installation with these objects. */
export function findingsOf(id: string, yaml: string): readonly Finding[] {
  return decideState(stockWith(yaml), RULES, DEFAULT_POLICY).findings.filter(({ rule }) => rule === id)
}

export function locationsOf(id: string, yaml: string): readonly string[] {
  return findingsOf(id, yaml)
    .map(({ object: { kind, namespace, name }, field }) => `${kind} ${namespace}/${name} ${field}`)
    .sort()
}
