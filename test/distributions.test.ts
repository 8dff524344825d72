/** States of published distributions: audits, sample models, applied again, and typical changes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { reportOf } from '../src/cli/audit.ts'
import { checkChanges } from '../src/cli/check.ts'
import { toClusterState } from '../src/cli/cluster-state.ts'
import { loadConfig } from '../src/cli/command.ts'
import { policyAt } from '../src/engine/to-findings.ts'
import { readFiles } from '../src/sources/files.ts'
import type { Manifest } from '../src/sources/yaml.ts'
import { nameOf } from '../src/state/resource.ts'
import { readDocuments } from './support/upstream.ts'

const folder = join(import.meta.dirname, 'distributions')
const config = loadConfig(undefined)

const why = z.string().min(1)
const expectation = z.strictObject({
  /** Namespace in which the sample models are created. */
  namespace: z.string(),
  /** Defects of the distribution. */
  audit: z.array(z.strictObject({ rule: z.string(), object: z.string(), why })),
  /** Findings of sample models; `deny` only for the named one. */
  models: z.array(z.strictObject({ rule: z.string(), deny: z.string().optional(), why }))
})
const decision = z.enum(['allow', 'warn', 'deny'])
const changes = z.array(
  z.strictObject({
    title: z.string(),
    why,
    delete: z.boolean().default(false),
    steps: z.array(decision),
    /** Rules of all findings that deny, and of some that warn. */
    rules: z.array(z.string()).default([]),
    objects: z.array(z.record(z.string(), z.unknown()))
  })
)

/** Published InferenceServices that KServe still serves. */
const samples = ['kserve-samples', 'kserve-website']
  .flatMap(name => readDocuments(join(import.meta.dirname, 'upstream', `${name}.yaml`)))
  .filter(({ manifest: { ref } }) => `${ref.apiVersion} ${ref.kind}` === 'serving.kserve.io/v1beta1 InferenceService')

const temporary = mkdtempSync(join(tmpdir(), 'distributions-'))
t.teardown(() => rmSync(temporary, { recursive: true }))

function toManifests(objects: readonly object[]): readonly Manifest[] {
  const file = join(temporary, 'objects.yaml')
  writeFileSync(file, objects.map(object => stringify(object)).join('---\n'))
  return readFiles([file])
}

/** The sample in another namespace. */
function inNamespace({ object }: Manifest, namespace: string): object {
  const { metadata, ...rest } = z.looseObject({ metadata: z.looseObject({}) }).parse(object)
  return { ...rest, metadata: { ...metadata, namespace } }
}

t.ok(samples.length >= 60, 'sample models')

for (const name of readdirSync(folder).filter(one => one !== 'README.md')) {
  t.test(name, async t => {
    const read = (file: string): unknown => parse(readFileSync(join(folder, name, file), 'utf8'))
    const manifests = readFiles([join(folder, name, 'cluster.yaml')])
    const cluster = toClusterState(manifests, config)
    const expected = expectation.parse(read('expected.yaml'))

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
      const created = toManifests(samples.map(({ manifest }) => inNamespace(manifest, expected.namespace)))
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
      for (const change of changes.parse(read('changes.yaml'))) {
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
        t.same([...notEvaluated, ...steps.flatMap(({ notes }) => notes)], [], `${change.title}: not evaluated`)
      }
    })
  })
}

t.test('README.md lists each distribution', async t => {
  const page = readFileSync(join(folder, 'README.md'), 'utf8')
  for (const name of readdirSync(folder)) if (name !== 'README.md') t.match(page, `\`${name}\``)
})
