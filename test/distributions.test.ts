/** States of published distributions: audits, sample models, applied again, and typical changes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { reportOf } from '../src/cli/audit.ts'
import { checkChanges } from '../src/cli/check.ts'
import { toClusterState } from '../src/cli/cluster-state.ts'
import { loadConfig } from '../src/cli/command.ts'
import { policyAt } from '../src/engine/to-findings.ts'
import { readFiles } from '../src/sources/files.ts'
import type { Manifest } from '../src/sources/yaml.ts'
import { nameOf } from '../src/state/resource.ts'
import { DISTRIBUTIONS, NAMES, readDistribution, samples, withMetadata } from './support/distributions.ts'

const config = loadConfig(undefined)
const temporary = mkdtempSync(join(tmpdir(), 'distributions-'))
t.teardown(() => rmSync(temporary, { recursive: true }))

function toManifests(objects: readonly object[]): readonly Manifest[] {
  const file = join(temporary, 'objects.yaml')
  writeFileSync(file, objects.map(object => stringify(object)).join('---\n'))
  return readFiles([file])
}

t.ok(samples.length >= 60, 'sample models')

for (const name of NAMES) {
  t.test(name, async t => {
    const { cluster: manifests, expected, changes } = readDistribution(name)
    const cluster = toClusterState(manifests, config)

    t.test('an audit has no false finding', async t => {
      const { findings, notEvaluated } = reportOf(cluster.state, manifests, policyAt(config, Date.now()))
      t.same(
        findings.map(({ rule, object }) => ({ rule, object: nameOf(object) })),
        expected.audit.map(({ rule, object }) => ({ rule, object }))
      )
      t.same(notEvaluated, [])
    })

    t.test('sample models are admitted', async t => {
      const used = new Set<string>()
      const created = toManifests(
        samples.map(({ manifest }) => withMetadata(manifest, { namespace: expected.namespace }))
      )
      for (const [i, manifest] of created.entries()) {
        const { steps, notEvaluated } = checkChanges([manifest], cluster, config, false)
        const origin = samples[i]?.origin
        for (const { rule, mode, message } of steps.flatMap(({ findings }) => findings)) {
          const reason = expected.models.find(one => one.rule === rule && (mode === 'warn' || one.deny === origin))
          if (reason === undefined) t.fail(`${origin}: ${mode} ${rule}: ${message}`)
          else used.add(reason.why)
        }
        t.same([...notEvaluated, ...steps.flatMap(({ notes }) => notes)], [], `${origin}: not evaluated`)
      }
      t.same(
        expected.models.map(one => one.why).filter(one => !used.has(one)),
        [],
        'each expected finding occurs'
      )
    })

    t.test('objects that are applied again are admitted without a finding', async t => {
      for (const manifest of manifests) {
        const { steps, notEvaluated } = checkChanges([manifest], cluster, config, false)
        const [step] = steps
        t.match(
          { ...step, notEvaluated },
          { operation: 'UPDATE', decision: 'allow', findings: [], notes: [], patch: [], notEvaluated: [] },
          nameOf(manifest.ref)
        )
      }
    })

    t.test('typical changes are decided', async t => {
      for (const change of changes) {
        const { steps, notEvaluated } = checkChanges(toManifests(change.objects), cluster, config, change.delete)
        t.same(
          steps.map(step => step.decision),
          change.steps,
          change.title
        )
        const findings = steps.flatMap(step => step.findings)
        const rules = new Set(findings.map(({ rule }) => rule))
        t.same(
          change.rules.filter(rule => !rules.has(rule)),
          [],
          `${change.title}: rules`
        )
        const denying = findings.filter(({ mode }) => mode === 'deny').map(({ rule }) => rule)
        t.same(
          denying.filter(rule => !change.rules.includes(rule)),
          [],
          `${change.title}: denying rules`
        )
        t.same(
          [...notEvaluated.map(({ rule }) => rule), ...steps.flatMap(({ notes }) => notes)],
          change.notEvaluated,
          `${change.title}: not evaluated`
        )
      }
    })
  })
}

t.test('README.md lists each distribution', async t => {
  const page = readFileSync(join(DISTRIBUTIONS, 'README.md'), 'utf8')
  for (const name of NAMES) t.match(page, `\`${name}\``)
})
