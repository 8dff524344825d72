import { join } from 'node:path'
import t from 'tap'
import { explain } from '../../src/engine/explain.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { toExplanation } from '../../src/report/explanation.ts'
import { toExplanationMermaid } from '../../src/report/mermaid.ts'
import { RULES } from '../../src/rules/index.ts'
import { meshGuard } from '../support/command.ts'
import { clientRule, hostTaken, model } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const OUTCOMES = ['--against', join(import.meta.dirname, '../../examples/four-outcomes')]
const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'

function chartOf(yaml: string, name: string): readonly string[] {
  const state = stockWith(yaml)
  const explained = explain(state, one => one.name === name, RULES, DEFAULT_POLICY)
  return toExplanationMermaid(toExplanation(state, explained))
    .split('\n')
    .map(line => line.trim())
}

t.test('a flowchart has callers, servers and the rule of each blocked hop', async t => {
  t.same(chartOf(clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'), 'sklearn-iris'), [
    'flowchart LR',
    'n0(["in-mesh (any namespace)"])',
    'n1["user1/sklearn-iris pod"]',
    'n2(["external"])',
    'n3["ingress-gateway"]',
    'n4["local-gateway"]',
    'n5(["non-mesh (if any exist)"])',
    'n6(["autoscaler"])',
    'n0 --> n1',
    'n2 --> n3',
    'n3 --x|"client-mtls-to-plain-listener"| n4',
    'n0 --x|"client-mtls-to-plain-listener"| n4',
    'n5 --> n4',
    'n4 --x|"client-mtls-to-plain-listener"| n4',
    'n6 --> n1'
  ])
})

t.test('a hop that is not evaluated has its reason', async t => {
  const lines = chartOf(`${hostTaken()}---${model('')}`, 'new')
  t.ok(
    lines.includes(
      'n0 -.->|"ServiceEntry istio-system/taken has a host of the model; which Service proxies use is not modeled"| n1'
    ),
    lines.join('\n')
  )
})

t.test('explain and access print flowcharts', async t => {
  const { out } = await meshGuard('explain', ...OUTCOMES, '-o', 'mermaid')
  t.match(out, /^flowchart LR\n/)
  t.match(out, /\["user1\/sklearn-iris ingress-gateway"\]/, 'servers are per model if there are several')
  t.equal(
    (await meshGuard('access', 'user1/sklearn-iris', ...OUTCOMES, '-o', 'mermaid')).out,
    `flowchart LR
  n0(["user1/httpbin-1"])
  n1["user1/sklearn-iris"]
  n2(["user1/sklearn-iris-burst-1"])
  n3(["user2/sleep-1"])
  n0 --> n1
  n2 --> n1
  n3 --x|"policy-denies-request-path"| n1
`
  )
})
