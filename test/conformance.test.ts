import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { conform } from '../scripts/conformance.ts'
import { comparePaths } from '../scripts/paths.ts'

const folder = join(import.meta.dirname, 'conformance')

for (const file of readdirSync(folder).filter(name => name.endsWith('.gz') && name !== 'paths.jsonl.gz')) {
  t.test(`results agree with Istio: ${file}`, async t => {
    const { agree, disagree } = conform(join(folder, file))
    t.same(disagree, [])
    t.ok(agree > 100, `${agree} calls agree`)
  })
}

t.test('request paths agree with real Envoys', async t => {
  const { agree, otherHops, disagree } = comparePaths(join(folder, 'paths.jsonl.gz'))
  t.same({ otherHops, disagree }, { otherHops: [], disagree: [] })
  t.ok(agree > 1000, `${agree} paths agree`)
})
