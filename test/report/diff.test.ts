import t from 'tap'
import { diffStates } from '../../src/engine/state-diff.ts'
import { type DiffView, diffSchema, toDiff, toDiffMarkdown, toDiffText } from '../../src/report/diff.ts'
import { RULES } from '../../src/rules/index.ts'
import type { Snapshot } from '../../src/state/snapshot.ts'
import { clientRule, model, policy } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const mutual = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')
const disabled = policy('user1', '{ mtls: { mode: DISABLE } }')
const onlyUser2 = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { namespace: user1, name: only-user2 }
spec: { rules: [{ from: [{ source: { namespaces: [user2] } }] }] }
`
/** The webhook of Knative on a port without TLS. */
const httpWebhook = `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: webhook }
spec: { selector: { app: webhook }, ports: [{ name: http, port: 443, targetPort: 8443 }] }
`

function diffOf(before: Snapshot, after: Snapshot): DiffView {
  const diff = toDiff(diffStates(before, after, RULES))
  diffSchema.parse(JSON.parse(JSON.stringify(diff)))
  return diff
}

const between = (before: string, after: string) => diffOf(stockWith(before), stockWith(after))

/** Lines without alignment. */
const linesOf = (diff: DiffView) =>
  toDiffText(diff)
    .split('\n')
    .map(line => line.trim().split(/ {2,}/).join(' | '))

const HEAD = 'CHANGE | CALLER | ADDRESS | AT | INFERENCESERVICES | CAUSE'
const BOTH = '2: user1/sklearn-iris, user1/sklearn-iris-burst'
const MTLS = 'client-mtls-to-plain-listener: DestinationRule istio-system/default spec.trafficPolicy.tls.mode'
const AT_GATEWAY = [
  `external | InferenceService URL | ingress-gateway->local-gateway | ${BOTH} | ${MTLS}`,
  `in-mesh (any namespace) | InferenceService URL | caller->local-gateway | ${BOTH} | ${MTLS}`,
  `non-mesh (if any exist) | InferenceService URL | ingress-gateway->local-gateway | ${BOTH} | ${MTLS}`
]
const GATEWAY = 'istio-system/istio-ingressgateway-service-account'

t.test('text output has a row for each difference', async t => {
  for (const [name, before, after, expected] of [
    ['equal states', mutual, mutual, ['0 request paths close, 0 open']],
    ['paths close', '', mutual, [HEAD, ...AT_GATEWAY.map(row => `closes | ${row}`), '6 request paths close, 0 open']],
    ['paths open', mutual, '', [HEAD, ...AT_GATEWAY.map(row => `opens | ${row}`), '0 request paths close, 6 open']],
    [
      'another peer identity',
      '',
      disabled,
      [
        HEAD,
        `identity | in-mesh (any namespace) | component host | ${BOTH} | any mesh identity -> unauthenticated`,
        `identity | external | InferenceService URL | ${BOTH} | ${GATEWAY} -> unauthenticated`,
        `identity | in-mesh (any namespace) | InferenceService URL | ${BOTH} | ${GATEWAY} -> unauthenticated`,
        `identity | non-mesh (if any exist) | InferenceService URL | ${BOTH} | ${GATEWAY} -> unauthenticated`,
        '0 request paths close, 0 open, 8 peer identity changes'
      ]
    ],
    ['a model is added', '', model(''), [HEAD, 'added | user1/new', '0 request paths close, 0 open, 1 added']],
    ['a model is removed', model(''), '', [HEAD, 'removed | user1/new', '0 request paths close, 0 open, 1 removed']],
    [
      'a path of a control plane closes',
      '',
      httpWebhook,
      [
        HEAD,
        'closes | system | webhook knative-serving/webhook:443 | apiserver->webhook | control plane | webhook-behind-strict-mtls: ValidatingWebhookConfiguration validation.webhook.serving.knative.dev webhooks',
        '1 request path closes, 0 open'
      ]
    ]
  ] as const) {
    t.same(linesOf(between(before, after)), expected, name)
  }
})

t.test('callers in named namespaces are told apart', async t => {
  const cause = 'policy-denies-request-path: AuthorizationPolicy user1/only-user2 spec.rules'
  t.same(
    linesOf(between('', onlyUser2)).filter(line => line.includes('component host')),
    [
      `closes | in-mesh (any other namespace) | component host | caller->pod | ${BOTH} | ${cause}`,
      `closes | in-mesh (any other namespace) | component host | activator->pod | ${BOTH} | ${cause}`,
      `closes | in-mesh (user2) | component host | activator->pod | ${BOTH} | ${cause}`
    ]
  )
})

t.test('identities of callers in a named namespace are compared', async t => {
  const all = onlyUser2.replace('[{ from', '[{}, { from')
  const rows = linesOf(between(all, `${all}---${disabled}`)).filter(line =>
    line.includes('in-mesh (user2) | component')
  )
  t.match(rows, [/^identity .* user2\/default -> unauthenticated$/])
})

t.test('evaluations without a result are listed', async t => {
  const failure = RULES.failures['mtls-to-plain-listener']
  const explain = () => {
    throw new Error('odd')
  }
  const rules = { ...RULES, failures: { ...RULES.failures, 'mtls-to-plain-listener': { ...failure, explain } } }
  const unexplained = toDiff(diffStates(stockWith(), stockWith(mutual), rules))
  t.match(linesOf(unexplained)[1], / \| client-mtls-to-plain-listener$/)
  const unreadable = stockWith().withUnreadable(new Map([['Gateway', 'forbidden']]))
  const diff = diffOf(stockWith(), unreadable)
  t.match(linesOf(diff), ['not evaluated: paths: Gateway: forbidden'])
  t.match(toDiffMarkdown(diff), /\n\nnot evaluated: paths: Gateway: forbidden/)
})

t.test('Markdown output is a table of limited length', async t => {
  const diff = between('', mutual)
  t.equal(
    toDiffMarkdown(diff).split('\n').slice(0, 5).join('\n'),
    `**6 request paths close, 0 open**

| Change | Caller | Address | At | InferenceServices | Cause |
| --- | --- | --- | --- | --- | --- |
| ${`closes | ${AT_GATEWAY[0]}`} |`
  )
  t.equal(toDiffMarkdown(between('', '')), '**0 request paths close, 0 open**')
  const [first] = diff.closes
  const many = Array.from({ length: 150 }, (_, i) => ({
    ...(first as DiffView['closes'][number]),
    via: `canary a|${i}`
  }))
  const text = toDiffMarkdown({ ...diff, closes: many, opens: [] })
  t.match(text, /canary a\\\|0 /)
  t.match(text, /\n\n50 rows more$/)
})
