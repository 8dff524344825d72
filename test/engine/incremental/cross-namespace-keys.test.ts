import t from 'tap'
import { CrossNamespaceKeys } from '../../../src/engine/incremental/cross-namespace-keys.ts'

t.test('keys are collected again when most of them can be out of date', async t => {
  const keys = new CrossNamespaceKeys([])
  const some = keys.with([new Set(['Gateway', 'Pod ~'])])
  t.same([...(some?.keys ?? [])], ['Gateway'], 'keys of the own namespace are left out')
  t.equal(keys.with([new Set(Array.from({ length: 2_000 }, (_, i) => `Service n${i}`))]), undefined)
})
