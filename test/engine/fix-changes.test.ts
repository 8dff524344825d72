import t from 'tap'
import { parse } from 'yaml'
import { keyOf } from '../../src/engine/admission-step.ts'
import { denialsOf, fixChanges } from '../../src/engine/fix-changes.ts'
import type { ManifestReader } from '../../src/engine/fix-proof.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import type { Cause } from '../../src/request/failure.ts'
import { RULES } from '../../src/rules/index.ts'
import type { FailureRule, Fix, Manifest, Rules } from '../../src/rules/lib/rule.ts'
import { readRef, readResource } from '../../src/sources/manifest.ts'
import { readManifests } from '../../src/sources/yaml.ts'
import { nameOf, toRef } from '../../src/state/resource.ts'
import { allow, clientRule, policy } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { manifestsIn } from '../support/twelve-states.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
/** Denied: the local gateway accepts only plaintext. */
const MUTUAL = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')
const STRICT = policy('istio-system', '{ mtls: { mode: STRICT } }')
const [PLAIN = '', BOTH = ''] = ['plain/no-rule/no', 'both/no-rule/no'].map(state => manifestsIn(state)[0])
const OTHER = clientRule('a.example.com', '{}', 'user1')

interface Setting {
  readonly present?: string
  readonly rules?: Rules
  readonly read?: ManifestReader
}

/** Corrects manifests; `present` are also in the cluster. */
function fix(yaml: readonly string[], { present = '', rules = RULES, read = readResource }: Setting = {}) {
  const { manifests } = readManifests(yaml.join('---\n'), 'test')
  const objects = new Map(readManifests(present, 'test').manifests.map(({ ref, object }) => [keyOf(ref), object]))
  const start = { state: stockWith(present), objects }
  return fixChanges(start, manifests, { rules, policy: DEFAULT_POLICY, read, cache: {} })
}

/** Rules whose fixes for one cause have other objects; by default the cause of the denial of `MUTUAL`. */
function rulesWith(change: (fix: Fix) => Fix, cause: Cause = 'mtls-to-plain-listener'): Rules {
  const rule: FailureRule = RULES.failures[cause] as FailureRule
  const explain: FailureRule['explain'] = (failure, view, changed) => {
    const problem = rule.explain(failure, view, changed)
    return { ...problem, fix: change(problem.fix) }
  }
  return { ...RULES, failures: { ...RULES.failures, [cause]: { ...rule, explain } } }
}

const describe = (steps: ReturnType<typeof fix>) =>
  steps.map(step => {
    const { ref, written, object, deleting, reasons } = step
    const what = written === undefined ? 'new' : object === written.object ? 'kept' : 'corrected'
    const denied = denialsOf(step).length > 0 ? ' denied' : ''
    const why = reasons.length > 0 ? `: ${reasons.map(({ rule }) => rule)}` : ''
    return `${deleting ? 'delete' : what} ${nameOf(ref)}${denied}${why}`
  })

const GATEWAY = 'Gateway knative-serving/knative-local-gateway'
const BY_NAME = 'strict-mesh-plain-local-gateway'
const BY_CLIENT = 'client-mtls-to-plain-listener'

t.test('fixes are merged into the manifests that define their objects, or inserted', async t => {
  const labelled = PLAIN.replace('knative-local-gateway }', 'knative-local-gateway, labels: { own: "1" } }')
  for (const [name, yaml, expected] of [
    ['admitted changes are kept', [OTHER, BOTH, STRICT], [`kept DestinationRule user1/default`, `kept ${GATEWAY}`]],
    ['new object', [OTHER, STRICT], ['kept DestinationRule user1/default', `new ${GATEWAY}: ${BY_NAME}`]],
    ['earlier manifest', [labelled, OTHER, STRICT], [`corrected ${GATEWAY}: ${BY_NAME}`, 'kept Destination']],
    ['later manifest moves', [STRICT, OTHER, labelled], [`corrected ${GATEWAY}: ${BY_NAME}`, 'kept Peer', 'kept Dest']],
    [
      'one object for several changes',
      [STRICT, MUTUAL],
      [`new ${GATEWAY}: ${BY_NAME}`, 'kept PeerAuthentication', 'kept DestinationRule']
    ],
    [
      'kinds that are not evaluated',
      ['kind: Job\napiVersion: batch/v1\nmetadata: { name: a }\n'],
      ['kept Job default/a']
    ]
  ] as const) {
    const steps = fix(yaml)
    const got = describe(steps)
    for (const [i, line] of expected.entries()) t.match(got[i], new RegExp(`^${line}`), name)
    t.notOk(
      got.some(line => line.includes('denied')),
      name
    )
  }
  const [gateway] = fix([labelled, STRICT])
  t.match(gateway?.object, { metadata: { labels: { own: '1' } }, spec: { servers: { length: 2 } } })
  const [moved] = fix([STRICT, labelled], { present: PLAIN })
  t.match(moved?.object, { metadata: { labels: { own: '1' } }, spec: { servers: { length: 2 } } })
})

t.test('a change without a proven fix stays denied, and is not in the state of the next one', async t => {
  const rules = rulesWith(() => ({ text: 'Do this' }))
  t.same(describe(fix([MUTUAL, OTHER], { rules })), [
    'kept DestinationRule istio-system/default denied',
    'kept DestinationRule user1/default'
  ])
})

t.test('a fix that denies an earlier change if merged into its manifest is inserted', async t => {
  const early = clientRule('b.example.com', '{}', 'istio-system').replace('name: default', 'name: early')
  const late = parse(MUTUAL.replace('name: default', 'name: early')) as Manifest
  // The DestinationRule is denied before the Gateway.
  const rules = rulesWith(({ apply = [], ...rest }) => ({ ...rest, apply: [late, ...apply] }))
  t.same(describe(fix([early, MUTUAL], { rules })), [
    'kept DestinationRule istio-system/early',
    `new ${GATEWAY}: ${BY_CLIENT}`,
    `new DestinationRule istio-system/early: ${BY_CLIENT}`,
    'kept DestinationRule istio-system/default'
  ])
})

t.test('a later manifest that is denied before the change stays where it is', async t => {
  const early = clientRule('b.example.com', '{}', 'istio-system').replace('name: default', 'name: early')
  const late = parse(early.replace('{}', '{ loadBalancer: { simple: RANDOM } }')) as Manifest
  const foreign = early.replace('b.example.com', LOCAL).replace('{}', '{ tls: { mode: SIMPLE } }')
  const rules = rulesWith(({ apply = [], ...rest }) => ({ ...rest, apply: [...apply, late] }))
  t.same(describe(fix([MUTUAL, foreign], { present: early, rules })), [
    `new ${GATEWAY}: ${BY_CLIENT}`,
    `new DestinationRule istio-system/early: ${BY_CLIENT}`,
    'kept DestinationRule istio-system/default',
    'kept DestinationRule istio-system/early'
  ])
})

t.test('a fix that has no effect if merged into a manifest is inserted', async t => {
  const labelled = PLAIN.replace('knative-local-gateway }', 'knative-local-gateway, labels: { own: "1" } }')
  // The merged manifest is not evaluated.
  const read: ManifestReader = one => ('own' in Object(Object(one.metadata).labels) ? undefined : readResource(one))
  t.match(describe(fix([MUTUAL, labelled], { read })), [
    `new ${GATEWAY}: ${BY_CLIENT}`,
    'kept DestinationRule istio-system/default',
    /./
  ])
})

t.test('fixes of some denials are applied if the others have none', async t => {
  const forUsers = allow('{ namespaces: [user1, knative-serving] }')
  t.same(fix([forUsers]).flatMap(denialsOf), [], 'fixes of all denials')
  const rules = rulesWith(({ text }) => ({ text }), 'no-identity-for-policy')
  t.same(describe(fix([forUsers], { rules })), [
    'new PeerAuthentication user1/default: policy-denies-request-path',
    'corrected AuthorizationPolicy user1/policy: policy-denies-request-path'
  ])
})

t.test('objects that a fix removes are deleted, and their manifests removed', async t => {
  const removed = toRef(resourceOf(OTHER))
  const early = clientRule('b.example.com', '{}', 'istio-system').replace('name: default', 'name: early')
  const rules = rulesWith(fix => ({ ...fix, remove: [removed] }))
  t.same(
    describe(fix([MUTUAL], { present: OTHER, rules })),
    [
      `new ${GATEWAY}: ${BY_CLIENT}`,
      `delete DestinationRule user1/default: ${BY_CLIENT}`,
      'kept DestinationRule istio-system/default'
    ],
    'object of the cluster'
  )
  const steps = fix([OTHER, early, MUTUAL], { rules })
  t.same(
    describe(steps),
    [
      `delete DestinationRule user1/default: ${BY_CLIENT}`,
      'kept DestinationRule istio-system/early',
      `new ${GATEWAY}: ${BY_CLIENT}`,
      'kept DestinationRule istio-system/default'
    ],
    'object of a manifest'
  )
  t.equal(steps[0]?.result, undefined, 'an object that does not exist needs no deletion')
  const own = rulesWith(({ text }) => ({ text, remove: [toRef(resourceOf(MUTUAL))] }))
  const present = clientRule(LOCAL, '{ tls: { mode: DISABLE } }')
  t.same(
    describe(fix([MUTUAL], { present, rules: own })),
    [`delete DestinationRule istio-system/default: ${BY_CLIENT}`],
    'object of the change'
  )
})

t.test('a fix can have an object without a namespace', async t => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'user1', labels: { a: 'b' } } }
  const rules = rulesWith(({ apply = [], ...rest }) => ({ ...rest, apply: [...apply, namespace] }))
  t.match(describe(fix([MUTUAL], { rules })), [`new ${GATEWAY}`, 'new Namespace user1', 'kept DestinationRule'])
})

t.test('a manifest without a namespace has that of the command line', async t => {
  const { manifests } = readManifests(
    `${PLAIN.replace('namespace: knative-serving, ', '')}---\n${STRICT}`,
    'test',
    'knative-serving'
  )
  const context = { rules: RULES, policy: DEFAULT_POLICY, read: readResource, cache: {} }
  const steps = fixChanges({ state: stockWith(), objects: new Map() }, manifests, context)
  t.match(describe(steps), [`corrected ${GATEWAY}`, 'kept'])
  t.same(Object.keys(parse(JSON.stringify(steps[0]?.object)).metadata), ['name'])
  t.equal(readRef(steps[0]?.object).namespace, 'default')
})
