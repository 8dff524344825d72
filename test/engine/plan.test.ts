import t from 'tap'
import { parse } from 'yaml'
import { keyOf } from '../../src/engine/admission-step.ts'
import { type Plan, plan } from '../../src/engine/plan.ts'
import { strictMtlsGoal } from '../../src/engine/strict-mtls-goal.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import type { WantedChange } from '../../src/engine/wanted-change.ts'
import { locate, toPlanJson, toPlanManifests } from '../../src/report/plan.ts'
import { RULES } from '../../src/rules/index.ts'
import { readRef, readResource } from '../../src/sources/manifest.ts'
import { type Resource, toRef } from '../../src/state/resource.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { clusterIn, manifestsIn, reachable, STATES } from '../support/twelve-states.ts'

const CONTEXT = { rules: RULES, policy: DEFAULT_POLICY, read: readResource }

function wantedOf(yaml: string, deleting = false): WantedChange {
  const object = parse(yaml)
  return { ref: readRef(object), resource: resourceOf(yaml), object, deleting }
}

function planFrom(
  state: Snapshot,
  wanted: readonly WantedChange[],
  present: readonly string[] = [],
  max?: number
): Plan {
  const objects = new Map(present.map(yaml => [keyOf(readRef(parse(yaml))), parse(yaml)]))
  return plan({ state, objects }, wanted, { ...CONTEXT, cache: {} }, max)
}

const describe = ({ steps }: Pick<Plan, 'steps'>) =>
  steps.map(
    ({ change: { operation }, wanted: { ref }, prevents }) =>
      `${operation} ${ref.kind}${prevents === undefined ? '' : ` (inserted: ${prevents.rule})`}`
  )

/** Differences between two states: manifests to apply and to delete. */
function between(from: string, to: string): readonly WantedChange[] {
  const [before, after] = [manifestsIn(from), manifestsIn(to)]
  return before.flatMap((old, i) => {
    const next = after[i]
    if (old === next) return []
    return next === undefined ? [wantedOf(`${old}`, true)] : [wantedOf(next)]
  })
}

const DENIED_BY_NAME = 'plain/no-rule/strict'
const isGoal = (state: string) => state !== DENIED_BY_NAME && reachable(clusterIn(state)).includes('in-mesh')

for (const { state: from } of STATES) {
  for (const to of STATES.map(({ state }) => state).filter(isGoal)) {
    t.test(`there is a plan from ${from} to ${to}`, async t => {
      const present = manifestsIn(from).flatMap(yaml => yaml ?? [])
      const start = clusterIn(from)
      const planned = planFrom(start, between(from, to), present)
      t.equal(planned.outcome, 'planned')
      const openAtStart = reachable(start)
      const goal = reachable(clusterIn(to))
      let state = start
      for (const { change, decision } of planned.steps) {
        t.not(decision.decision, 'deny')
        state = state.apply(change)
        const lost = openAtStart.filter(caller => goal.includes(caller) && !reachable(state).includes(caller))
        t.same(lost, [], 'no caller is blocked that start and goal let through')
      }
      t.same(reachable(state), goal)
    })
  }
}

const FLAGSHIP = between('plain/no-rule/permissive', 'mutual/rule/strict')
const denyAll = wantedOf(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: none }
spec: {}
`)

t.test('the fix of a denial is inserted, and overwritten by the wanted change later', async t => {
  t.same(describe(planFrom(clusterIn('plain/no-rule/permissive'), FLAGSHIP)), [
    'UPDATE Gateway (inserted: plaintext-to-mtls-gateway)',
    'CREATE DestinationRule',
    'CREATE PeerAuthentication',
    'UPDATE Gateway'
  ])
})

t.test('changes that are admitted in any order keep their order', async t => {
  const planned = planFrom(clusterIn('both/no-rule/permissive'), FLAGSHIP.slice(1).reverse())
  t.same(describe(planned), ['CREATE PeerAuthentication', 'CREATE DestinationRule'])
})

t.test('a change that is denied in each order is reported with its denial', async t => {
  const planned = planFrom(clusterIn('plain/no-rule/permissive'), [denyAll, ...FLAGSHIP.slice(1)])
  t.equal(planned.outcome, 'impossible')
  t.same(
    planned.denied.map(({ wanted, decision: { findings } }) => [wanted.ref.kind, findings[0]?.rule]),
    [['AuthorizationPolicy', 'policy-denies-request-path']]
  )
  t.same(describe(planned).slice(-1), ['CREATE PeerAuthentication'], 'the others are made before it')
})

t.test('the search gives up after a number of evaluations', async t => {
  t.equal(planFrom(clusterIn('plain/no-rule/permissive'), FLAGSHIP, [], 2).outcome, 'gave-up')
})

t.test('what is already so needs no step', async t => {
  const [gateway, rule, strict] = FLAGSHIP
  const present = manifestsIn('mutual/rule/strict').flatMap(yaml => yaml ?? [])
  t.same(planFrom(clusterIn('mutual/rule/strict'), FLAGSHIP, present), { outcome: 'planned', steps: [], denied: [] })
  const deletions = [gateway, rule, strict].map(one => ({ ...(one as WantedChange), deleting: true })).slice(1)
  t.same(describe(planFrom(clusterIn('both/no-rule/permissive'), deletions)), [])
})

t.test('changes of one object keep their order', async t => {
  const modes = ['DISABLE', 'PERMISSIVE', 'STRICT'].map(mode =>
    wantedOf(`
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user2, name: default }
spec: { mtls: { mode: ${mode} } }
`)
  )
  const { steps } = planFrom(stockWith(), modes)
  t.same(
    steps.map(({ wanted }) => wanted),
    modes
  )
  const mesh = ['STRICT', 'PERMISSIVE'].map(mode =>
    wantedOf(`
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: istio-system, name: default }
spec: { mtls: { mode: ${mode} } }
`)
  )
  t.same(
    planFrom(stockWith(), mesh)
      .steps.map(({ wanted }) => wanted)
      .slice(1),
    mesh,
    'the first is denied without an inserted step'
  )
})

t.test('STRICT mTLS is set in the PeerAuthentication in effect', async t => {
  const peer = (name: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: user1, name: ${name} }
spec: ${spec}
`
  const selecting = peer('a', '{ selector: { matchLabels: { app: a } } }')
  const goal = (yaml: string, namespace?: string) => strictMtlsGoal(stockWith(yaml), namespace).metadata
  t.same(goal(''), { namespace: 'istio-system', name: 'default' })
  t.same(goal(selecting, 'user1'), { namespace: 'user1', name: 'default' })
  t.same(goal([selecting, peer('b', '{}')].join('---'), 'user1'), { namespace: 'user1', name: 'b' })
})

t.test('a fix that removes an object is inserted as a deletion', async t => {
  const start = clusterIn('both/rule/permissive')
  const [rule] = start.list('DestinationRule', 'istio-system')
  const failure = RULES.failures['mtls-to-plain-listener']
  const explain: typeof failure.explain = (...input) => ({
    ...failure.explain(...input),
    fix: { text: 'Delete the DestinationRule', remove: [toRef(rule as Resource)] }
  })
  const rules = { ...RULES, failures: { ...RULES.failures, 'mtls-to-plain-listener': { ...failure, explain } } }
  const wanted = between('both/rule/permissive', 'plain/rule/permissive')
  const planned = plan({ state: start, objects: new Map() }, wanted, { ...CONTEXT, rules, cache: {} })
  t.same(describe(planned), ['DELETE DestinationRule (inserted: client-mtls-to-plain-listener)', 'UPDATE Gateway'])
  const located = locate(planned, [], () => undefined)
  t.match(
    toPlanManifests(located),
    /^# Step 1 of 2, inserted: delete DestinationRule istio-system\/default\n---\n# Step 2 of 2: apply Gateway /
  )
  t.match(JSON.parse(toPlanJson(located)).steps[0], { operation: 'DELETE', manifest: undefined })
})
