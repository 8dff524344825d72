/** The output of `fix` is admitted, for each scenario whose denial has a proven fix. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { fixResultSchema } from '../src/report/fix.ts'
import { reportSchema } from '../src/report/report.ts'
import { meshGuard } from './support/command.ts'
import { readOwnScenario, SCENARIOS } from './support/scenarios.ts'

/** Numbers of denied scenarios whose fixes are only text, or are not enough. */
const WITHOUT_FIX: readonly string[] = ['097', '113', '130', '131', 'r05', 'w03']

const counts = { fixed: 0, denied: 0 }

for (const name of SCENARIOS) {
  const { scenario, cluster } = readOwnScenario(name)
  if (scenario['operation'] === 'DELETE') continue
  t.test(name, async t => {
    const written = readFileSync(join(import.meta.dirname, 'scenarios', name, 'change.yaml'), 'utf8')
    const folder = t.testdir({
      'change.yaml': written,
      'cluster.yaml': cluster.map(({ text }) => text).join('---\n')
    })
    const change = join(folder, 'change.yaml')
    const against = ['--against', join(folder, 'cluster.yaml')]
    const fixed = await meshGuard('fix', change, ...against, '--write', '-o', 'json')
    const { outcome, documents } = fixResultSchema.parse(JSON.parse(fixed.out))
    const corrected = readFileSync(change, 'utf8')
    t.equal(fixed.code, outcome === 'denied' ? 1 : 0)
    t.equal(outcome === 'denied', WITHOUT_FIX.includes(name.split('-')[0] ?? ''), 'a denial without a fix is known')
    if (outcome === 'denied') counts.denied++
    if (documents.every(({ action }) => action === 'keep' || action === 'skip')) {
      t.equal(corrected, written, 'nothing is written')
      return
    }
    counts.fixed++
    const { out } = await meshGuard('check', change, ...against, '-o', 'json')
    const { decision, steps } = reportSchema.parse(JSON.parse(out))
    t.equal(decision === 'deny', outcome === 'denied')
    t.equal(steps.length, documents.filter(({ action }) => action !== 'skip').length)
    t.same(
      parseAllDocuments(corrected).flatMap(one => one.toJS() ?? []),
      documents.map(({ manifest }) => manifest),
      'the file has the manifests'
    )
    await meshGuard('fix', change, ...against, '--write')
    t.equal(readFileSync(change, 'utf8'), corrected, 'a second run changes nothing')
  })
}

t.test('scenarios have fixes', async t => {
  t.ok(counts.fixed > 10, `${counts.fixed} fixed`)
  t.equal(counts.denied, WITHOUT_FIX.length)
})
