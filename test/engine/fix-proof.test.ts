import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import type { Finding } from '../../src/engine/finding.ts'
import { proveFixes } from '../../src/engine/fix-proof.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Fix, Manifest } from '../../src/rules/lib/rule.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { toRef } from '../../src/state/resource.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { allow, authorization, clientRule, model, policy, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const MUTUAL = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')
const DENIED: Change = { operation: 'CREATE', after: resourceOf(MUTUAL) }

const findingsOf = (state = stockWith(), change: Change = DENIED) =>
  decide(state, change, RULES, DEFAULT_POLICY).findings.filter(({ mode }) => mode === 'deny')
const prove = (findings: readonly Finding[], state = stockWith(), change: Change = DENIED) =>
  proveFixes(state, change, findings, { rules: RULES, policy: DEFAULT_POLICY, read: readResource })
/** The findings of the denied change, with another fix. */
const withFix = (fix: Omit<Fix, 'text'>) => findingsOf().map(one => ({ ...one, fix: { text: 'Do this', ...fix } }))
const manifest = (spec: object, kind = 'DestinationRule', name = 'other'): Manifest => ({
  apiVersion: kind === 'DestinationRule' ? 'networking.istio.io/v1' : 'security.istio.io/v1',
  kind,
  metadata: { name, namespace: 'istio-system' },
  spec
})
const gateway = toRef(
  resourceOf(
    'apiVersion: networking.istio.io/v1beta1\nkind: Gateway\nmetadata: { namespace: knative-serving, name: knative-local-gateway }\nspec: {}'
  )
)

t.test('fixes of rules hold', async t => {
  t.same(prove(findingsOf()), { is: 'good', grants: [] }, 'gateway that accepts mTLS and plaintext')
  const strict = stockWith(policy('user1', '{ mtls: { mode: STRICT } }'))
  const change: Change = { operation: 'CREATE', after: resourceOf(allow('{ namespaces: [absent] }')) }
  const denied = findingsOf(strict, change)
  t.ok(denied.length > 0)
  t.same(prove(denied, strict, change), { is: 'good', grants: [] }, 'policy that the fix replaces')
  const uncreated = withFix({ remove: [toRef(resourceOf(MUTUAL))] })
  t.same(prove(uncreated), { is: 'good', grants: [] }, 'new object that the fix removes')
})

t.test('fixes of a deletion, and removals', async t => {
  const harmless = clientRule('a.example.com', '{}', 'user1')
  const state = stockWith(harmless)
  const before = state.get('Gateway', 'knative-serving', 'knative-local-gateway')
  if (before === undefined) throw new Error('the example has no local gateway')
  const deletion: Change = { operation: 'DELETE', before }
  const removing = findingsOf(state, deletion).map(one => ({
    ...one,
    fix: { text: 'Do this', remove: [toRef(resourceOf(harmless))] }
  }))
  t.match(
    prove(removing, state, deletion),
    { is: 'bad', reason: /^the change is denied: / },
    'deletion is still denied'
  )
  const blocked = [{ inferenceService: undefined, caller: 'system', from: undefined, hop: 'controller' }] as const
  const noop: Change = { operation: 'CREATE', after: resourceOf(clientRule('b.example.com', '{}', 'user2')) }
  t.same(
    prove(
      removing.map(one => ({ ...one, blocked })),
      state,
      noop
    ),
    { is: 'good', grants: [] },
    'paths of control planes'
  )
})

t.test('paths of the namespaces of a finding', async t => {
  const harmless = clientRule('a.example.com', '{}', 'user1')
  const state = stockWith(
    together(
      harmless,
      model(', annotations: { serving.kserve.io/deploymentMode: Standard }'),
      authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [user2, istio-system] } }] }] }')
    )
  )
  const noop: Change = { operation: 'CREATE', after: resourceOf(clientRule('b.example.com', '{}', 'user2')) }
  const provePath = (from: readonly [string] | undefined) => {
    const blocked = [{ inferenceService: 'user1/new', caller: 'in-mesh', from, hop: 'caller->pod' }] as const
    const findings = withFix({ remove: [toRef(resourceOf(harmless))] }).map(one => ({ ...one, blocked }))
    return prove(findings, state, noop)
  }
  const stillBlocked = { is: 'bad', reason: 'user1/new is blocked for in-mesh at caller->pod' }
  t.match(provePath(['user2']), { is: 'good' }, 'open, although those of other namespaces are blocked')
  t.match(provePath(['absent']), stillBlocked, 'namespace that no path names')
  t.match(provePath(['user1']), stillBlocked, 'namespace with a path of its own')
  t.match(provePath(undefined), stillBlocked, 'other namespaces')
})

t.test('objects of a fix are applied in the order in which they are admitted', async t => {
  const [{ fix } = { fix: { apply: [] } }] = findingsOf()
  const mutual = manifest({ host: LOCAL, trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } })
  t.match(prove(withFix({ apply: [mutual] })), { is: 'bad' })
  t.match(prove(withFix({ apply: [mutual, ...(fix.apply ?? [])] })), { is: 'good' })
})

t.test('an updated object keeps its creationTimestamp', async t => {
  const created = (name: string, year: number, mode: string) =>
    clientRule(LOCAL, `{ tls: { mode: ${mode} } }`).replace(
      'name: default',
      `name: ${name}, creationTimestamp: "${year}-01-01T00:00:00Z"`
    )
  const state = stockWith(`${created('old', 2024, 'DISABLE')}---${created('new', 2025, 'ISTIO_MUTUAL')}`)
  const spec = { host: LOCAL, trafficPolicy: { tls: { mode: 'DISABLE' }, loadBalancer: { simple: 'RANDOM' } } }
  const findings = withFix({ apply: [manifest(spec, 'DestinationRule', 'old')] })
  const harmless: Change = { operation: 'CREATE', after: resourceOf(clientRule('b.example.com', '{}', 'user1')) }
  t.match(prove(findings, state, harmless), { is: 'good' }, 'the oldest DestinationRule still takes precedence')
})

t.test('fixes that do not hold', async t => {
  for (const [name, findings, expected] of [
    ['only text', withFix({}), { is: 'words' }],
    [
      'unrelated object',
      withFix({ apply: [manifest({ host: 'a.example.com' })] }),
      { is: 'bad', reason: /^the change is denied: client-mtls-to-plain-listener$/ }
    ],
    [
      'denied object',
      withFix({ apply: [manifest({ host: LOCAL, trafficPolicy: { tls: { mode: 'SIMPLE' } } })] }),
      { is: 'bad', reason: /^DestinationRule istio-system\/other of the fix is denied: / }
    ],
    [
      'kind that is not read',
      withFix({ apply: [manifest({}, 'Telemetry')] }),
      { is: 'bad', reason: 'an object of the fix cannot be read' }
    ],
    [
      'removed object that does not exist',
      withFix({ remove: [{ ...gateway, name: 'gone' }] }),
      { is: 'bad', reason: 'an object of the fix cannot be read' }
    ],
    [
      'removed object of another kind',
      withFix({ remove: [{ ...gateway, kind: 'Telemetry' }] }),
      { is: 'bad', reason: 'an object of the fix cannot be read' }
    ],
    [
      'removed object that paths need',
      withFix({ remove: [gateway] }),
      { is: 'bad', reason: /^Gateway knative-serving\/knative-local-gateway of the fix is denied/ }
    ],
    [
      'replaced change that still blocks',
      findingsOf().map(
        one =>
          ({
            ...one,
            fix: { text: 'Do this', apply: [manifest({ host: 'a.example.com' }, 'DestinationRule', 'default')] },
            blocked: [
              { inferenceService: 'user1/new', caller: 'external', from: undefined, hop: 'caller->ingress-gateway' }
            ]
          }) as Finding
      ),
      { is: 'good', grants: [] }
    ]
  ] as const) {
    t.match(prove(findings), expected, name)
  }
})

t.test('a path that stays blocked is named', async t => {
  const broken = stockWith(`${MUTUAL}---${model('')}`)
  const [finding] = findingsOf()
  const fix = { text: 'Do this', apply: [manifest({ host: 'a.example.com' })] }
  const harmless: Change = { operation: 'CREATE', after: resourceOf(clientRule('b.example.com', '{}', 'user1')) }
  const blocked = [
    { inferenceService: 'user1/new', caller: 'external', from: undefined, hop: 'ingress-gateway->local-gateway' }
  ] as const
  t.same(prove([{ ...(finding as Finding), fix, blocked }], broken, harmless), {
    is: 'bad',
    reason: 'user1/new is blocked for external at ingress-gateway->local-gateway'
  })
  const inMesh = [{ ...blocked[0], caller: 'in-mesh', from: ['user1'] as const, hop: 'caller->local-gateway' }] as const
  t.match(prove([{ ...(finding as Finding), fix, blocked: inMesh }], broken, harmless), { is: 'bad' })
  const probed = [{ ...blocked[0], caller: 'probe' }] as const
  t.match(
    prove([{ ...(finding as Finding), fix, blocked: probed }], broken, harmless),
    { is: 'good' },
    'another caller'
  )
  const own = stockWith(`${MUTUAL}---${model('')}---${clientRule(LOCAL, '{}', 'user2')}`)
  const others = [{ ...inMesh[0], from: ['user3'] as const }] as const
  t.match(prove([{ ...(finding as Finding), fix, blocked: others }], own, harmless), { is: 'bad' })
})
