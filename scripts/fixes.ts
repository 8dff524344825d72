/**
 * Proves the fixes of each denial of scenario directories: prints each denial whose fixes do not hold, and the counts. Exits with 1
 * if there is one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { admit, keyOf } from '../src/engine/admission-step.ts'
import { decide } from '../src/engine/decide.ts'
import { proveFixes } from '../src/engine/fix-proof.ts'
import { DEFAULT_POLICY } from '../src/engine/to-findings.ts'
import { RULES } from '../src/rules/index.ts'
import { readFiles } from '../src/sources/files.ts'
import { readResource } from '../src/sources/manifest.ts'
import { Snapshot } from '../src/state/snapshot.ts'
import { scenarioFolders } from './scenarios.ts'

const counts = { good: 0, bad: 0, words: 0 }
for (const folder of scenarioFolders(process.argv.slice(2))) {
  const manifests = readFiles([join(folder, 'cluster.yaml')])
  const deleting = parse(readFileSync(join(folder, 'scenario.yaml'), 'utf8')).operation === 'DELETE'
  const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource, deleting, cache: {} }
  let state = Snapshot.of(manifests.flatMap(({ resource }) => resource ?? []))
  const objects = new Map(manifests.map(({ ref, object }) => [keyOf(ref), object]))
  for (const { ref, resource, object } of readFiles([join(folder, 'change.yaml')])) {
    const step = resource && admit(state, { resource, object, oldObject: objects.get(keyOf(ref)) }, context)
    if (step === undefined) continue
    if (step.decision.decision === 'deny') {
      // As the rules return them: decisions offer only the objects of fixes that hold.
      const { findings } = decide(state, step.change, RULES, DEFAULT_POLICY)
      const denying = findings.filter(({ mode }) => mode === 'deny')
      const proof = proveFixes(state, step.change, denying, {
        rules: RULES,
        policy: DEFAULT_POLICY,
        read: readResource
      })
      counts[proof.is]++
      const ids = denying.map(({ rule }) => rule).join(', ')
      if (proof.is === 'bad')
        process.stdout.write(`${folder}: ${ids}: ${proof.reason}
`)
    }
    state = step.next
    objects.set(keyOf(ref), step.object)
  }
}
process.stdout.write(`${counts.good} good, ${counts.bad} bad, ${counts.words} in words only\n`)
process.exitCode = counts.bad > 0 ? 1 : 0
