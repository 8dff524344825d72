import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { conform } from '../scripts/conformance.ts'

const folder = join(import.meta.dirname, 'conformance')

for (const file of readdirSync(folder).filter(name => name.endsWith('.gz'))) {
  t.test(`results agree with Istio: ${file}`, async t => {
    const { agree, disagree } = conform(join(folder, file))
    t.same(disagree, [])
    t.ok(agree > 100, `${agree} calls agree`)
  })
}
