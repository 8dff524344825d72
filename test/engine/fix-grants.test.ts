import t from 'tap'
import { explain } from '../../src/engine/explain.ts'
import { grantFinder } from '../../src/engine/fix-grants.ts'
import { modelKey } from '../../src/engine/incremental/evaluate.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { explanationSchema, toExplanation } from '../../src/report/explanation.ts'
import { toExplanationText } from '../../src/report/explanation-text.ts'
import { RULES } from '../../src/rules/index.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { allow, clientRule } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const MODEL = 'user1/sklearn-iris'
const explainModel = (state: Snapshot) =>
  toExplanation(
    state,
    explain(state, one => modelKey(one) === MODEL, RULES, DEFAULT_POLICY, readResource)
  )
const fixesOf = (state: Snapshot) =>
  explainModel(state).models.flatMap(({ paths }) =>
    paths.flatMap(({ hops }) => hops.flatMap(({ failure }) => failure?.fix ?? []))
  )

/** The gateway and the activator are denied: the fix for the activator also allows the gateway. */
const DENIES_GATEWAY = stockWith(allow('{ namespaces: [user1] }'))

t.test('callers that a fix lets through are named in text and JSON', async t => {
  const explanation = explainModel(DENIES_GATEWAY)
  explanationSchema.parse(JSON.parse(JSON.stringify(explanation)))
  for (const detail of ['paths', 'hops', 'overview'] as const) {
    const text = toExplanationText(explanation, detail, true)
    t.match(text, / the fix lets external callers reach user1\/sklearn-iris\n/, detail)
  }
  const [fix] = fixesOf(DENIES_GATEWAY)
  t.ok(fix?.grants?.some(({ caller, inferenceService }) => caller === 'external' && inferenceService === MODEL))
  t.ok(
    fix?.grants?.every(({ inferenceService }) => inferenceService === MODEL),
    'other models have their own'
  )
})

t.test('a fix opens what its objects open', async t => {
  const gateway = stockWith(clientRule('*.local', '{ tls: { mode: ISTIO_MUTUAL } }'))
  t.same(
    [
      ...new Set(
        fixesOf(gateway)
          .flatMap(({ grants }) => grants ?? [])
          .map(({ caller }) => caller)
      )
    ].sort(),
    ['external', 'in-mesh', 'non-mesh'],
    'all callers of the local gateway'
  )
})

t.test('a fix without objects, or with unreadable ones, opens nothing that is known', async t => {
  const [fix] = fixesOf(DENIES_GATEWAY)
  const manifest = { apiVersion: 'v1', kind: 'Odd', metadata: { name: 'a' } }
  for (const [read, one] of [
    [readResource, { text: 'Do this' }],
    [readResource, { text: 'Do this', apply: [manifest] }],
    [() => undefined, { text: 'Do this', apply: [manifest] }]
  ] as const) {
    t.same(grantFinder(DENIES_GATEWAY, RULES, read)(one, MODEL), [])
  }
  t.ok(fix)
  t.same(
    explain(DENIES_GATEWAY, () => true, RULES, DEFAULT_POLICY).models.flatMap(({ paths }) =>
      paths.flatMap(({ failure }) => failure?.grants ?? [])
    ),
    [],
    'without a reader'
  )
})
