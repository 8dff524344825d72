import t from 'tap'
import { matchesExpression } from '../../src/gateway-api/path-pattern.ts'
import type { Tristate } from '../../src/text/tristate.ts'

const TABLE: readonly (readonly [expression: string, path: string, expected: Tristate])[] = [
  ['^/.*$', '/v1/models/iris:predict', true],
  ['/v1/.*', '/v2/models/iris/infer', false],
  ['/v1', '/v1', true],
  ['/v1', '/v1/models/iris:predict', false],
  ['/v1/.*:predict', '/v1/models/iris:predict', true],
  ['/v1/.*/iris.*', '/v1/models/iris:predict', true],
  ['/v1/.*/wine.*', '/v1/models/iris:predict', false],
  ['/v1/.*:predict', '/v1/x', false],
  ['/a.*a', '/a', false],
  ['^/inference\\.GRPCInferenceService/.*$', '/inference.GRPCInferenceService/ModelInfer', true],
  ['^/v1/models/[\\w-]+:explain$', '/v1/models/iris:predict', false],
  ['^/v1/models/[\\w-]+:predict$', '/v1/models/iris:predict', undefined],
  ['/user1/iris(/v1/models/[\\w-]+:explain)$', '/user1/iris/v1/models/iris:predict', false],
  ['/v1/models/iris(:predict)?', '/v1/models/iris', undefined],
  ['/v1|/v2', '/v1', undefined],
  ['/v1+', '/v1', undefined],
  ['/v\\d', '/v1', undefined],
  ['/v.', '/v1', undefined],
  ['(?i)/v1', '/v1', undefined]
]

for (const [expression, path, expected] of TABLE) {
  t.test(`${expression} matches ${path}: ${expected}`, async t => {
    t.equal(matchesExpression(expression, path), expected)
  })
}

t.test('a long expression is matched in linear time', async t => {
  const started = performance.now()
  matchesExpression('.*a'.repeat(300), `/${'a'.repeat(100_000)}b`)
  t.ok(performance.now() - started < 1000)
})
