import { type Decision, decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { applying } from './random-cluster.ts'
import { resourceOf } from './snapshot.ts'

/** Decision about an object that is created, or updated if the state has it. */
export const decisionOn = (state: Snapshot, yaml: string): Decision =>
  decide(state, applying(state, resourceOf(yaml)), RULES, DEFAULT_POLICY)
