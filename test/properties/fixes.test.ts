import { ok } from 'node:assert'
import t from 'tap'
import { decide, decideState } from '../../src/engine/decide.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { type ProofContext, proveFixes } from '../../src/engine/fix-proof.ts'
import { withProvenFixes } from '../../src/engine/proven-fixes.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { property } from '../support/property.ts'
import { anyObject, applying, clusterWith, type Manifest, read } from '../support/random-cluster.ts'

/** Changes that apply a fix. */
function changesOf(cluster: Snapshot, { apply = [], remove = [] }: Finding['fix']): readonly Change[] {
  return [
    ...apply.map(manifest => applying(cluster, read(manifest))),
    ...remove.flatMap(({ kind, namespace, name }): readonly Change[] => {
      const before = cluster.get(kind as 'VirtualService', namespace, name)
      return before === undefined ? [] : [{ operation: 'DELETE', before }]
    })
  ]
}

const placeOf = ({ rule, object: { kind, namespace, name }, field }: Finding) =>
  `${rule} ${kind} ${namespace}/${name} ${field}`

/** Maximum fixes of one finding, because a fix corrects one of several hosts. */
const MAX_ROUNDS = 8

/** Known limits: a fix sets no SNI, ignores TCP servers, and may add a second DestinationRule for a host. */
const isBeyondFixes = ({ spec }: Manifest) => /"sni"|"TCP"|"host":"(?!\*)/.test(JSON.stringify(spec) ?? '')

const changes = anyObject.filter(manifest => !isBeyondFixes(manifest))

property(t, 'a fix removes its finding and is not denied', changes, 200, manifest => {
  const healthy = clusterWith([])
  const change = applying(healthy, read(manifest))
  for (const found of decide(healthy, change, RULES, DEFAULT_POLICY).findings) {
    let cluster = healthy.apply(change)
    let finding: Finding | undefined = found
    for (let round = 0; finding !== undefined && round < MAX_ROUNDS; round++) {
      const steps = changesOf(cluster, finding.fix)
      // A fix that needs input from the author is only text.
      if (steps.length === 0) return
      for (const step of steps) {
        const { decision, findings } = decide(cluster, step, RULES, DEFAULT_POLICY)
        const why = JSON.stringify([step.after, findings.map(({ message }) => message)])
        ok(decision !== 'deny', `${placeOf(finding)}: the fix is denied: ${why}`)
        cluster = cluster.apply(step)
      }
      const remaining = decideState(cluster, RULES, DEFAULT_POLICY).findings
      finding = remaining.find(one => placeOf(one) === placeOf(found))
    }
    ok(finding === undefined, `${placeOf(found)}: the fix does not remove the finding: ${JSON.stringify(found.fix)}`)
  }
})

const CONTEXT: ProofContext = { rules: RULES, policy: DEFAULT_POLICY, read: readResource }

property(t, 'fixes that a denial offers hold, also evaluated without a cache', anyObject, 30, manifest => {
  const healthy = clusterWith([])
  const change = applying(healthy, read(manifest))
  const cache = {}
  const decided = decide(healthy, change, RULES, DEFAULT_POLICY, cache)
  const { findings } = withProvenFixes(healthy, change, decided, { ...CONTEXT, cache })
  const denying = findings.filter(({ mode }) => mode === 'deny')
  const offered = denying.filter(({ fix: { apply = [], remove = [] } }) => apply.length + remove.length > 0)
  const holds = (some: readonly Finding[]) =>
    proveFixes(healthy, change, some, { ...CONTEXT, others: denying.filter(one => !some.includes(one)) }).is === 'good'
  ok(holds(offered) || offered.every(one => holds([one])), JSON.stringify(offered.map(({ fix }) => fix)))
})
