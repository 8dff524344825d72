import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/jwt-required-from-all.ts'
import { authorization, authorizing, clientRule, model, policy, together, tokens } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'

const DENY =
  '{ from: [{ source: { notRequestPrincipals: ["*"] } }], to: [{ operation: { notPaths: [/healthz, /metrics] } }] }'
const PROBES = '{ to: [{ operation: { paths: [/healthz, /metrics] } }] }'
const denying = (more = '', namespace = 'user1') => authorizing(`{ action: DENY, rules: [${DENY}] ${more} }`, namespace)
const allowing = (source: string) => authorizing(`{ rules: [{ from: [{ source: ${source} }] }, ${PROBES}] }`)
const selecting = (label: string) => `, selector: { matchLabels: { ${label} } }`

/** Callers that are blocked, by the finding of the rule about a change. */
const callersOf = (before: string, change: string) => {
  const result = decide(stockWith(before), { operation: 'CREATE', after: resourceOf(change) }, RULES, DEFAULT_POLICY)
  const found = result.findings.filter(one => one.rule === rule.id)
  return [result.decision, ...new Set(found.flatMap(({ blocked }) => blocked.map(({ caller }) => caller)))].sort()
}

const ALL = ['external', 'in-mesh', 'non-mesh', 'warn']

for (const [name, before, change, expected] of [
  ['DENY without a request principal', tokens(), denying(), ALL],
  ['ALLOW with a request principal', tokens(), allowing('{ requestPrincipals: ["*"] }'), ALL],
  ['policy for one model', tokens(), denying(selecting('serving.kserve.io/inferenceservice: sklearn-iris')), ['allow']],
  [
    'policy of the root namespace for one model',
    tokens(),
    denying(selecting('serving.kserve.io/inferenceservice: sklearn-iris'), 'istio-system'),
    ['allow']
  ],
  ['no issuer is trusted: jwt-never-accepted', model(''), denying(), ['deny']],
  [
    'JWT required before as well',
    together(tokens(), denying()),
    authorization('user1', `{ action: DENY, rules: [${DENY}] }`),
    ['allow']
  ],
  [
    'requests via the gateway lack a peer identity, not a JWT',
    together(
      tokens(),
      policy('user1', '{ mtls: { mode: DISABLE } }'),
      clientRule('*.local', '{ tls: { mode: DISABLE } }')
    ),
    authorizing(
      `{ rules: [{ from: [{ source: { namespaces: [istio-system, knative-serving] } }, { source: { requestPrincipals: ["*"] } }] }, ${PROBES}] }`
    ),
    ['in-mesh', 'warn']
  ]
] as const) {
  t.test(name, async t => t.same(callersOf(before, change), expected))
}

t.test('a new model is not reported', async t => {
  const after = model('')
  t.same(callersOf(together(tokens(), denying()), after), ['allow'])
})
