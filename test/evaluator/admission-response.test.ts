import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { toValidationResponse } from '../../src/evaluator/admission-response.ts'
import { RULES } from '../../src/rules/index.ts'
import { clientRule } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const after = resourceOf(clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }'))
const decision = decide(stockWith(), { operation: 'CREATE', after }, RULES, DEFAULT_POLICY)

t.test('the message has the objects of a fix up to a total length', async t => {
  const linesFor = (length: number) => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x'.repeat(length) } }
    const fix: Finding['fix'] = { text: 'Do', apply: [manifest], remove: [{ ...manifest, namespace: 'a', name: 'b' }] }
    const findings = decision.findings.map(one => ({ ...one, fix }))
    const { status } = toValidationResponse('u', { ...decision, findings }).response
    return String((status as { message: string }).message)
      .split('\n')
      .filter(line => /fix:|kind:|remove/.test(line))
      .slice(0, 3)
  }
  t.same(linesFor(19_000), ['  fix: Do', '    kind: ConfigMap', '    remove ConfigMap a/b'])
  t.same(linesFor(21_000), ['  fix: Do (the objects are too long for this message)'])
})
