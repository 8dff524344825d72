import t from 'tap'
import { parse } from 'yaml'
import { decide } from '../../src/engine/decide.ts'
import type { ProofContext } from '../../src/engine/fix-proof.ts'
import { withinBudget } from '../../src/engine/incremental/budget.ts'
import { withProvenFixes } from '../../src/engine/proven-fixes.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Manifest } from '../../src/rules/lib/rule.ts'
import { readResource } from '../../src/sources/manifest.ts'
import type { Change, Snapshot } from '../../src/state/snapshot.ts'
import { allow, clientRule, policy } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const CONTEXT: ProofContext = { rules: RULES, policy: DEFAULT_POLICY, read: readResource }
const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const DENIED: Change = {
  operation: 'CREATE',
  after: resourceOf(clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }'))
}

/** Manifest of a YAML text. */
const manifestOf = (yaml: string): Manifest => parse(yaml)

function decideWithFixes(state: Snapshot, change: Change, apply?: readonly Manifest[]) {
  const decision = decide(state, change, RULES, DEFAULT_POLICY)
  const findings = decision.findings.map(one =>
    apply === undefined ? one : { ...one, fix: { text: 'Do this', apply } }
  )
  return withProvenFixes(state, change, { ...decision, findings }, CONTEXT)
}

t.test('a fix that holds is offered with its objects', async t => {
  t.match(decideWithFixes(stockWith(), DENIED), {
    decision: 'deny',
    findings: [{ fix: { apply: [{ kind: 'Gateway' }], grants: undefined } }]
  })
})

t.test('a fix that does not hold keeps only its text, with the reason', async t => {
  const unrelated = manifestOf(clientRule('a.example.com', '{}', 'user1'))
  const [finding] = decideWithFixes(stockWith(), DENIED, [unrelated]).findings
  t.same(finding?.fix, {
    text: 'Do this; this is not enough: the change is denied: client-mtls-to-plain-listener'
  })
})

t.test('a fix that does not hold with the others is proven alone', async t => {
  const change: Change = { operation: 'CREATE', after: resourceOf(clientRule('*.local', '{ tls: { mode: SIMPLE } }')) }
  const fixes = decideWithFixes(stockWith(), change)
    .findings.filter(({ mode }) => mode === 'deny')
    .map(({ rule, fix: { text } }) => `${rule}: ${text}`)
  t.match(fixes, [
    /^client-mtls-to-plain-listener: .*; this is not enough: /,
    /^client-tls-to-sidecar: Set tls.mode ISTIO_MUTUAL, or remove tls: auto mTLS then applies/
  ])
})

t.test('fixes are proven together, or else one by one', async t => {
  const permissive = stockWith()
  const policies: Change = {
    operation: 'CREATE',
    after: resourceOf(allow('{ namespaces: [user1] }'))
  }
  const { findings } = decideWithFixes(permissive, policies)
  const offered = findings
    .filter(({ mode }) => mode === 'deny')
    .map(({ rule, fix: { apply = [] } }) => [rule, apply.length])
  t.same(offered, [['policy-denies-request-path', 2]])
})

t.test('callers that a fix lets through are listed', async t => {
  const state = stockWith(`${policy('user1', '{ mtls: { mode: STRICT } }')}---${allow('{ namespaces: [user1] }')}`)
  const change: Change = {
    operation: 'CREATE',
    after: resourceOf(allow('{ namespaces: [absent] }').replace('policy', 'other'))
  }
  const before = state.get('AuthorizationPolicy', 'user1', 'policy')
  if (before === undefined) throw new Error('no policy')
  const update: Change = { operation: 'UPDATE', before, after: resourceOf(allow('{ namespaces: [absent] }')) }
  t.equal(decideWithFixes(state, change).decision, 'allow')
  const everyone = { ...manifestOf(allow('{ namespaces: [absent] }')), spec: { rules: [{}] } }
  const [finding] = decideWithFixes(state, update, [everyone]).findings
  t.match(finding?.fix.grants, [
    { inferenceService: 'user1/sklearn-iris', caller: 'external' },
    { inferenceService: 'user1/sklearn-iris', caller: 'in-mesh' }
  ])
})

t.test('a decision that denies nothing is not changed', async t => {
  const decision = decide(
    stockWith(),
    { operation: 'CREATE', after: resourceOf(clientRule('a.example.com', '{}')) },
    RULES,
    DEFAULT_POLICY
  )
  t.equal(withProvenFixes(stockWith(), DENIED, decision, CONTEXT), decision)
})

t.test('without time for the proof, the text of the fix is offered', async t => {
  const state = stockWith()
  const decision = decide(state, DENIED, RULES, DEFAULT_POLICY)
  const proven = withinBudget(
    () => true,
    () => withProvenFixes(state, DENIED, decision, CONTEXT)
  )
  t.equal(proven.decision, 'deny')
  t.same(
    proven.findings.map(({ fix }) => fix),
    decision.findings.map(({ fix: { text } }) => ({ text }))
  )
  const failing = {
    ...CONTEXT,
    read: () => {
      throw new Error('cannot read')
    }
  }
  t.throws(() => withProvenFixes(state, DENIED, decision, failing), { message: 'cannot read' })
})
