import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Resource } from '../../src/state/resource.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { resourceOf } from '../support/snapshot.ts'
import { clusterIn, manifestsIn, reachable, STATES, STEPS } from '../support/twelve-states.ts'

/** The states of a step differ in one manifest. */
function changeOf(from: string, to: string): Change {
  const [before, after] = [manifestsIn(from), manifestsIn(to)]
  const i = before.findIndex((one, position) => one !== after[position])
  const [old, next] = [before[i], after[i]].map(one => (one === undefined ? undefined : resourceOf(one)))
  if (next === undefined) return { operation: 'DELETE', before: old as Resource }
  return old ? { operation: 'UPDATE', before: old, after: next } : { operation: 'CREATE', after: next }
}

const relaxed: Policy = { ...DEFAULT_POLICY, rules: { 'strict-mesh-plain-local-gateway': 'warn' } }
const decideChange = (from: string, to: string, policy = DEFAULT_POLICY) =>
  decide(clusterIn(from), changeOf(from, to), RULES, policy)

for (const { state, reachable: expected } of STATES) {
  t.test(`${state}: reachable callers`, async t => t.same(reachable(clusterIn(state)), expected))
}

for (const step of STEPS) {
  t.test(`${step.from} to ${step.to}`, async t => {
    const { decision, findings } = decideChange(step.from, step.to)
    t.equal(decision, step.decision)
    t.equal(
      findings.some(({ rule }) => rule === 'strict-mesh-plain-local-gateway'),
      step.named
    )
    if (step.relaxed !== undefined) t.equal(decideChange(step.from, step.to, relaxed).decision, step.relaxed)
    if (step.caller !== undefined) {
      t.same([...new Set(findings.flatMap(({ blocked }) => blocked.map(({ caller }) => caller)))].sort(), step.caller)
    }
  })
}

t.test('between two states without blocked in-mesh callers there is a path of admitted changes', async t => {
  const isReachable = (state: string) => reachable(clusterIn(state)).includes('in-mesh')
  const reachableStates = STATES.map(({ state }) => state).filter(isReachable)
  const isDenied = (state: string) => state === 'plain/no-rule/strict'
  const admitted = STEPS.filter(
    ({ from, to }) => isReachable(from) && isReachable(to) && decideChange(from, to).decision !== 'deny'
  )
  for (const start of reachableStates) {
    const reached = new Set([start])
    for (const state of reached) for (const { from, to } of admitted) if (from === state) reached.add(to)
    t.same(
      reachableStates.filter(state => !reached.has(state) && !isDenied(state)),
      [],
      `from ${start}`
    )
  }
})
