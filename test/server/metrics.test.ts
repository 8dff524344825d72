import t from 'tap'
import { decide, unevaluated } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { healthOnly } from '../support/evaluator.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const RULE = 'strict-mesh-plain-local-gateway'
const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`

t.test('decisions are counted by rule, mode and outcome', async t => {
  const state = stockWith()
  const { registry, recordDecision, recordMutation } = createMetrics(healthOnly(staticSource(state)))
  const change = { operation: 'CREATE', after: resourceOf(STRICT) } as const
  for (const [mode, seconds] of [
    ['deny', 0.000_05],
    ['deny', 0.000_2],
    ['warn', 0.003],
    ['off', 10]
  ] as const) {
    const decision = decide(state, change, RULES, { ...DEFAULT_POLICY, rules: { [RULE]: mode } })
    recordDecision('CREATE', 'PeerAuthentication', decision, seconds)
  }
  recordDecision('UPDATE', 'Gateway', unevaluated('no spec', DEFAULT_POLICY), 0.000_1)
  recordMutation(true)
  recordMutation(false)
  recordMutation(false)
  const lines = (await registry.metrics()).split('\n')
  for (const line of [
    'mesh_guard_decisions_total{operation="CREATE",kind="PeerAuthentication",decision="deny"} 2',
    'mesh_guard_decisions_total{operation="CREATE",kind="PeerAuthentication",decision="warn"} 1',
    'mesh_guard_decisions_total{operation="CREATE",kind="PeerAuthentication",decision="allow"} 1',
    'mesh_guard_decisions_total{operation="UPDATE",kind="Gateway",decision="warn"} 1',
    `mesh_guard_findings_total{rule="${RULE}",mode="deny",decision="deny"} 2`,
    `mesh_guard_findings_total{rule="${RULE}",mode="warn",decision="warn"} 1`,
    'mesh_guard_unevaluated_total{rule="object"} 1',
    'mesh_guard_decision_duration_seconds_bucket{le="0.0001"} 2',
    'mesh_guard_decision_duration_seconds_bucket{le="0.00025"} 3',
    'mesh_guard_decision_duration_seconds_bucket{le="0.0005"} 3',
    'mesh_guard_decision_duration_seconds_bucket{le="0.005"} 4',
    'mesh_guard_decision_duration_seconds_bucket{le="2.5"} 4',
    'mesh_guard_decision_duration_seconds_bucket{le="+Inf"} 5',
    'mesh_guard_decision_duration_seconds_count 5',
    'mesh_guard_mutations_total{patched="true"} 1',
    'mesh_guard_mutations_total{patched="false"} 2'
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.equal(lines.filter(line => line.startsWith('mesh_guard_findings_total{')).length, 2)
})
