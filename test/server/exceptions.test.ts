import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import type { Exception } from '../../src/engine/exceptions.ts'
import { DEFAULT_POLICY, policyAt } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import { createMetrics } from '../../src/server/metrics.ts'
import { staticSource } from '../../src/sources/static-source.ts'
import { healthOnly } from '../support/evaluator.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
`
const exception = (rule: string, expires = '2027-01-31'): Exception => ({
  rule,
  selector: { name: 'default' },
  reason: 'we migrate',
  owner: 'mesh',
  expires
})

t.test('metrics include exceptions and their uses', async t => {
  const exceptions = [
    exception('strict-mesh-plain-local-gateway'),
    exception('tls-certificate-mismatch'),
    exception('client-certificate-unverifiable', '2026-01-01')
  ]
  const policy = policyAt({ ...DEFAULT_POLICY, exceptions }, Date.UTC(2027, 0, 1))
  const state = stockWith()
  const { registry, recordDecision } = createMetrics(
    healthOnly(staticSource(state)),
    undefined,
    () => policy.exceptions
  )
  for (let time = 0; time < 2; time++) {
    const change = { operation: 'CREATE', after: resourceOf(STRICT) } as const
    recordDecision('CREATE', 'PeerAuthentication', decide(state, change, RULES, policy), 0.001)
  }
  const lines = (await registry.metrics()).split('\n')
  const uses = (rule: string) => `mesh_guard_exception_uses_total{rule="${rule}",owner="mesh",expires="2027-01-31"}`
  for (const line of [
    'mesh_guard_exceptions{state="active"} 2',
    'mesh_guard_exceptions{state="expired"} 1',
    `${uses('strict-mesh-plain-local-gateway')} 2`,
    `${uses('tls-certificate-mismatch')} 0`
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.notOk(
    lines.some(line => line.startsWith('mesh_guard_unevaluated_total{')),
    'exceptions are not counted as unevaluated'
  )
})
