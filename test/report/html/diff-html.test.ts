import t from 'tap'
import { allow, clientRule, model, policy, together } from '../../support/objects.ts'
import { dataOf, parseErrorsOf, rowsOf, startedPage, staticPage, textOf, textsOf } from './document.ts'
import { diffPage, explanationOf } from './pages.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const mutual = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')
const onlyUser2 = allow('{ namespaces: [user2] }')
const disabled = policy('user1', '{ mtls: { mode: DISABLE } }')
const httpWebhook = `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: webhook }
spec: { selector: { app: webhook }, ports: [{ name: http, port: 443, targetPort: 8443 }] }
`

/** Figures of the first path of the first model: title and result of each hop. */
const figuresOf = (page: string) => {
  const { models, bodies, hops } = dataOf(page)
  const figures = bodies[models[0]?.[1] ?? 0]?.paths[0]?.figures ?? []
  return figures.map(({ title, hops: own }) => [title, own.map(one => hops[one]?.verdict)])
}

t.test('the table counts the differences of each model', async t => {
  const HEAD = ['InferenceService', 'Closes', 'Opens', 'Identity', 'State']
  const both = (...cells: readonly string[]) => [
    ['user1/sklearn-iris', ...cells, 'in both'],
    ['user1/sklearn-iris-burst', ...cells, 'in both']
  ]
  for (const [name, before, after, rows] of [
    ['equal states', mutual, mutual, []],
    ['paths close', '', mutual, both('3', '-', '-')],
    ['paths open', mutual, '', both('-', '3', '-')],
    ['another peer identity', '', disabled, both('-', '-', '4')],
    ['a model is added', '', model(''), [['user1/new', '-', '-', '-', 'added']]],
    ['a model is removed', model(''), '', [['user1/new', '-', '-', '-', 'removed']]],
    ['a path of a control plane closes', '', httpWebhook, [['control plane', '1', '-', '-', 'in both']]]
  ] as const) {
    const page = diffPage(before, after)
    t.same(rowsOf(staticPage(page)), [HEAD, ...rows], name)
    t.same(parseErrorsOf(page), [], name)
  }
})

t.test('each path is drawn before and after', async t => {
  const LONG = 'caller → ingress-gateway → local-gateway'
  for (const [name, before, after, figures] of [
    [
      'a path closes',
      '',
      mutual,
      [
        [`Before: ${LONG} → pod`, ['ok', 'ok', 'ok']],
        [`After: ${LONG}`, ['ok', 'blocked']]
      ]
    ],
    [
      'a path opens',
      mutual,
      '',
      [
        [`Before: ${LONG}`, ['ok', 'blocked']],
        [`After: ${LONG} → pod`, ['ok', 'ok', 'ok']]
      ]
    ],
    [
      'a path of callers that have a class of their own after the change',
      '',
      onlyUser2,
      [
        ['Before: caller → pod', ['ok']],
        ['After: caller → pod', ['blocked']]
      ]
    ],
    [
      'a path of a control plane has one hop',
      '',
      httpWebhook,
      [
        ['Before: apiserver → webhook', ['ok']],
        ['After: apiserver → webhook', ['blocked']]
      ]
    ]
  ] as const) {
    t.same(figuresOf(diffPage(before, after)), figures, name)
  }
})

t.test('a path shows its cause, or its peer identities', async t => {
  const closing = startedPage(diffPage('', mutual))
  t.match(textsOf(closing, '#path article h3'), ['Cause: client-mtls-to-plain-listener'])
  t.match(textsOf(closing, '#path svg').length, 2)
  t.match(textsOf(staticPage(diffPage('', mutual)), '.cause h3'), ['[1] client-mtls-to-plain-listener'])
  const identity = startedPage(diffPage('', disabled))
  t.match(textsOf(identity, '#path p')[0], /^Peer identity before: .*\. After: unauthenticated\.$/)
  t.same(textsOf(identity, '#path article'), [])
  const opening = startedPage(diffPage(mutual, ''))
  t.match(textsOf(opening, '#path article h3'), ['Cause: client-mtls-to-plain-listener'], 'the cause before')
  t.same(
    textsOf(opening, '.cause h3').filter(text => text.startsWith('[')),
    [],
    'no cause after'
  )
})

t.test('callers in named namespaces are compared with the same callers before', async t => {
  const other = allow('{ namespaces: [user1, user2] }')
  const page = diffPage(other, together(other, mutual))
  const { callers } = dataOf(page)
  t.ok(callers.some(one => one.includes('in-mesh (user1')))
  t.equal(textOf(staticPage(page).querySelector('header p'))?.endsWith('Before: base. After: head.'), true)
})

t.test('of several paths, the one with the result of the state is drawn', async t => {
  const page = diffPage('', mutual, (name, state) => {
    const { models, ...explanation } = explanationOf(state)
    const others = models.map(one => ({
      ...one,
      paths: one.paths.flatMap(path => [
        { ...path, hops: [], verdict: path.verdict === 'ok' ? ('blocked' as const) : ('ok' as const) },
        path
      ])
    }))
    return { name, explanation: { ...explanation, models: others } }
  })
  t.same(figuresOf(page), figuresOf(diffPage('', mutual)))
})

t.test('a path that a state does not have is not drawn', async t => {
  const page = diffPage('', disabled, (name, state) => ({ name, explanation: { ...explanationOf(state), models: [] } }))
  t.same(figuresOf(page), [
    ['Before: ', []],
    ['After: ', []]
  ])
  t.same(textsOf(startedPage(page), 'figure p'), ['no such request path', 'no such request path'])
})

t.test('a model of one state has no paths to choose', async t => {
  const document = startedPage(diffPage('', model('')))
  t.same(textsOf(document, '#models a'), [])
  t.ok(document.querySelector('#model[hidden]'))
})
