import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { applyChange } from '../../src/engine/apply-change.ts'
import { decide, decideState } from '../../src/engine/decide.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { TrackingView } from '../../src/engine/incremental/dependency-tracking.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { KindInfo } from '../../src/state/kinds/fields.ts'
import { KINDS, type Kind, type Resource } from '../../src/state/resource.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { readPage } from '../support/page.ts'
import { resourcesOf, stockWith } from '../support/snapshot.ts'
import { findingsOf } from '../support/table-test.ts'

const IDS = [...Object.values(RULES.failures), ...RULES.checks].map(({ id }) => id)

t.test('one file and one page per rule', async t => {
  const names = readdirSync(join(import.meta.dirname, '../../src/rules'))
  t.same(
    names.filter(name => !['index.ts', 'lib'].includes(name)).sort(),
    IDS.flatMap(id => [`${id}.md`, `${id}.ts`]).sort()
  )
})

/** Rules about a change: audits do not repeat them. Their examples are applied to the example cluster. */
const ABOUT_CHANGES = ['jwt-required-from-all']

function findingsAbout(id: string, yaml: string): readonly Finding[] {
  if (!ABOUT_CHANGES.includes(id)) return findingsOf(id, yaml)
  let state = stockWith()
  return resourcesOf(yaml).flatMap(after => {
    const change = toChange(state, after)
    const { findings } = decide(state, change, RULES, DEFAULT_POLICY)
    state = state.apply(change)
    return findings.filter(({ rule }) => rule === id)
  })
}

const HEADINGS = ['Why', 'Bad', 'Good', 'Fix', 'Known limits']

for (const { id, summary, symptom, ztunnelSymptom } of [...Object.values(RULES.failures), ...RULES.checks]) {
  t.test(id, async t => {
    const { head, sections } = readPage(id)
    const [title, paragraph, ...rest] = head.split('\n\n')
    const ambient = ztunnelSymptom === undefined ? [] : [`In ambient mode: ${ztunnelSymptom}`]
    t.same([title, ...rest], [`# ${id}`, ...ambient, `${summary}\n`], 'title and summary')
    t.equal(paragraph, `Symptom: ${symptom}`)
    for (const one of [symptom, ztunnelSymptom ?? '']) t.ok(one.length <= 110, 'the symptom fits on a line')
    t.ok(summary.length <= 80, 'the summary fits on a line')
    t.same(
      sections.map(({ heading }) => heading),
      HEADINGS
    )
    const [why, bad, good] = sections
    t.match(why?.text, /\[[^\]]* \d+\.\d+: [^\]]*\]\(https:\/\//, 'the mechanism has a source with a version')
    t.not(findingsAbout(id, bad?.yaml ?? '').length, 0, 'the Bad example has a finding')
    t.same(findingsAbout(id, good?.yaml ?? ''), [], 'the Good example has none')
    t.ok(existsSync(join(import.meta.dirname, `${id}.test.ts`)), 'the rule has a test')
  })
}

/**
 * Rules whose fix needs a value that the cluster state does not contain: a provider, a certificate, a port. Their fix is
 * text, and the Good example is the fix written out. The same holds for kinds of which the model keeps only some fields.
 */
const NEEDS_INPUT = [
  'ext-authz-provider-not-found',
  'tls-certificate-mismatch',
  'credential-in-other-namespace',
  'configuration-rejected',
  'target-ref-not-found',
  'jwt-required-from-all',
  'knative-probe-blocked-by-mtls',
  'policy-not-enforced-by-ztunnel',
  'policy-path-never-requested'
]

for (const { id } of [...Object.values(RULES.failures), ...RULES.checks]) {
  t.test(`the fix of ${id} removes the finding`, async t => {
    const [, bad, good] = readPage(id).sections
    const before = stockWith(bad?.yaml)
    const [finding, ...others] = findingsAbout(id, bad?.yaml ?? '')
    if (finding === undefined) throw new Error('the Bad example has no finding')
    const { object, message, mode } = finding
    t.ok(message.length <= 120, `${message.length} characters: ${message}`)
    const fixes = [finding, ...others].map(({ fix }) => fix)
    const written = fixes.flatMap(({ apply = [] }) => apply).flatMap(one => resourcesOf(JSON.stringify(one)))
    const removed = fixes.flatMap(({ remove = [] }) => remove)
    const isTextOnly = written.length + removed.length === 0
    const isTextAllowed = !isKeptWhole(object.kind) || NEEDS_INPUT.includes(id)
    t.ok(isTextAllowed || !isTextOnly, 'the fix contains objects unless the kind or the rule forbids it')

    let state = before
    const make = (change: Change | undefined) => {
      if (change === undefined) throw new Error('the object of the fix does not exist')
      const { decision, findings } = decide(state, change, RULES, DEFAULT_POLICY)
      t.not(decision, 'deny', findings.map(one => `${one.rule}: ${one.message}`).join('; '))
      state = applyChange(state, change)
    }
    for (const one of isTextOnly ? resourcesOf(good?.yaml ?? '') : written) make(toChange(state, one))
    for (const { kind, namespace, name } of removed) {
      const one = state.get(kind as Kind, namespace, name)
      make(one && { operation: 'DELETE', before: one })
    }
    const left = findingsIn(state).filter(one => one.rule === id && one.mode === mode)
    t.same(
      left.map(({ message }) => message),
      [],
      'no finding with the same mode is left'
    )
  })
}

const isKeptWhole = (kind: string) =>
  Object.entries<KindInfo>(KINDS).some(([name, { lossless }]) => name === kind && lossless)

const findingsIn = (state: Snapshot) => decideState(state, RULES, DEFAULT_POLICY).findings

/** A manifest has no creationTimestamp, so an update keeps that of the existing object. */
function toChange(state: Snapshot, after: Resource): Change {
  const before = state.get(after.kind, after.namespace, after.name)
  return before === undefined
    ? { operation: 'CREATE', after }
    : { operation: 'UPDATE', before, after: { ...after, created: before.created } as Resource }
}

/** Objects that rules read and that no page contains. */
const ODD = `
apiVersion: v1
kind: Service
metadata: { namespace: istio-system, name: knative-local-gateway }
spec: { ports: [{ port: 80 }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: STRICT } }
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { namespace: user1, name: without-pods }
spec: { predictor: { model: { modelFormat: { name: sklearn } } } }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: not-user2 }
spec: { action: DENY, rules: [{ from: [{ source: { namespaces: [user2] } }] }] }
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { namespace: user1, name: issuer }
spec: { jwtRules: [{ issuer: "https://issuer.example.com" }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: ports }
spec: { selector: { matchLabels: { component: predictor } }, portLevelMtls: { 80: { mode: PERMISSIVE } } }
`

for (const { id, on, reads, check } of RULES.checks) {
  t.test(`${id} reads what it declares`, async t => {
    const read = new Set<string>(on)
    for (const yaml of [ODD, ...readPage(id).sections.map(section => section.yaml)]) {
      const state = stockWith(yaml)
      const view = new TrackingView(state)
      for (const kind of on) for (const subject of state.list(kind)) Array.from(check(subject, view))
      for (const kind of view.kinds) read.add(kind)
    }
    t.same([...read].sort(), [...new Set([...on, ...reads])].sort())
  })
}
