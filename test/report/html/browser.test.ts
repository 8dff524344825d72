import t from 'tap'
import { wrap } from '../../../src/report/html/browser/wrap.ts'
import { toExplanationHtml } from '../../../src/report/html/explanation-html.ts'
import { stockWith } from '../../support/snapshot.ts'
import { startedPage, textOf, textsOf } from './document.ts'
import { accessPage, diffPage, explanationOf, explanationPage, onlyFrom } from './pages.ts'

const PAGE = explanationPage(onlyFrom('user2', 'sklearn-iris'))

const find = <E extends Element>(document: Document, selector: string) => document.querySelector(selector) as E
const windowOf = (document: Document) => document.defaultView as Window & typeof globalThis
const send = (element: Element | Window, document: Document, type: string) =>
  element.dispatchEvent(new (windowOf(document).Event)(type, { bubbles: true }))
/** jsdom does not lay out; it has no widths. */
const setWidths = (document: Document, width: number) => {
  const { HTMLElement } = windowOf(document)
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { value: width, configurable: true })
  Object.defineProperty(windowOf(document), 'innerWidth', { value: width, configurable: true })
}

t.test('the first model is shown, and the model of the address', async t => {
  for (const [hash, name] of [
    ['', 'user1/sklearn-iris'],
    ['#model-0', 'user1/sklearn-iris'],
    ['#model-1', 'user1/sklearn-iris-burst'],
    ['#model-7', 'user1/sklearn-iris'],
    ['#model-x', 'user1/sklearn-iris'],
    ['#cause-1', 'user1/sklearn-iris']
  ] as const) {
    const document = startedPage(PAGE, hash)
    t.equal(textOf(document.querySelector('#model h2')), name, hash)
    t.same(textsOf(document, 'a[aria-current]'), [name], hash)
    t.notOk(find<HTMLElement>(document, '#model').hidden)
  }
})

t.test('a link shows its model, whose heading gets the focus', async t => {
  const document = startedPage(PAGE)
  document.location.hash = '#model-1'
  send(windowOf(document), document, 'hashchange')
  t.equal(textOf(document.querySelector('#model h2')), 'user1/sklearn-iris-burst')
  t.equal(document.activeElement?.id, 'model-name')
  document.location.hash = '#cause-1'
  send(windowOf(document), document, 'hashchange')
  t.equal(textOf(document.querySelector('#model h2')), 'user1/sklearn-iris-burst', 'another address changes nothing')
  document.location.hash = ''
  send(windowOf(document), document, 'hashchange')
  t.equal(textOf(document.querySelector('#model h2')), 'user1/sklearn-iris', 'the first, as when the page is opened')
})

t.test('the table is filtered', async t => {
  const document = startedPage(PAGE)
  const shown = () => [...document.querySelectorAll<HTMLElement>('#models tr')].filter(({ hidden }) => !hidden).length
  const text = find<HTMLInputElement>(document, '#filters input[type=search]')
  const affected = find<HTMLInputElement>(document, '#filters input[type=checkbox]')
  const status = () => textOf(document.querySelector('#filters [role=status]'))
  t.same([shown(), status()], [2, '2 of 2 shown'])
  for (const [wanted, isChecked, count] of [
    ['BURST ', false, 1],
    ['user1', false, 2],
    ['user1', true, 1],
    ['burst', true, 0],
    ['', true, 1],
    ['blocked', false, 1]
  ] as const) {
    text.value = wanted
    affected.checked = isChecked
    send(text, document, 'input')
    t.same([shown(), status()], [count, `${count} of 2 shown`], wanted)
  }
})

t.test('a request path is chosen', async t => {
  const document = startedPage(PAGE)
  const inputs = [...document.querySelectorAll<HTMLInputElement>('#model input[type=radio]')]
  t.ok(inputs[0]?.checked, 'the first is chosen')
  t.match(textOf(document.querySelector('#path [role=status]')), /^BLOCKED in-mesh \(any other namespace\), /)
  const last = inputs.at(-1) as HTMLInputElement
  last.checked = true
  send(last, document, 'change')
  t.match(textOf(document.querySelector('#path [role=status]')), /^ok in-mesh \(user2\), component host/)
  t.match(textsOf(document, '#path svg .name'), ['caller: in-mesh (user2)', 'user1/sklearn-iris pod'])
})

t.test('the callers are filtered, and the first of their paths is shown', async t => {
  const document = startedPage(PAGE)
  const select = find<HTMLSelectElement>(document, '#model select')
  t.match(textsOf(select, 'option').slice(0, 2), ['all callers', 'in-mesh (any other namespace)'])
  const shown = () => [...document.querySelectorAll<HTMLElement>('.choice')].filter(({ hidden }) => !hidden).length
  const all = shown()
  select.value = 'in-mesh (user2)'
  send(select, document, 'change')
  t.ok(shown() > 0 && shown() < all)
  t.match(textOf(document.querySelector('#path [role=status]')), 'in-mesh (user2)')
  select.value = ''
  send(select, document, 'change')
  t.equal(shown(), all)
})

t.test('a diagram has the TLS, identity, result and object of each hop, also for screen readers', async t => {
  const document = startedPage(PAGE)
  const svg = find<SVGElement>(document, '#path svg')
  const text = textsOf(svg, 'text').join(' ')
  for (const part of [
    'caller: in-mesh (any other namespace)',
    'TLS: client sends mTLS, server accepts mTLS and plaintext',
    'identity: any mesh identity',
    'BLOCKED: policy-denies-request-path by AuthorizationPolicy user1/only-sklearn-iris spec.rules'
  ])
    t.ok(text.includes(part), part)
  t.equal(svg.getAttribute('role'), 'img')
  t.match(svg.getAttribute('aria-label'), /^caller to pod, TLS: .*, BLOCKED: policy-denies-request-path, by /)
  t.ok(svg.querySelector('.arrow.blocked') && svg.querySelector('.box.blocked'))
  t.match(textsOf(document, '#path figure li li')[0], /^route: |^client sends /)
})

t.test('a diagram has the width of the page', async t => {
  const document = startedPage(PAGE)
  const width = () => Number(document.querySelector('#path svg')?.getAttribute('width'))
  t.equal(width(), 640, 'the width is not known')
  const details = find<HTMLDetailsElement>(document, '#path details')
  send(windowOf(document), document, 'resize')
  t.ok(details.isConnected, 'an equal width changes nothing')
  for (const [available, expected] of [
    [360, 360],
    [1200, 720]
  ] as const) {
    setWidths(document, available)
    send(windowOf(document), document, 'resize')
    t.equal(width(), expected)
  }
})

t.test('two diagrams are beside each other in a wide page', async t => {
  const document = startedPage(diffPage('', onlyFrom('user2', 'sklearn-iris')))
  for (const [available, expected] of [
    [360, 360],
    [824, 400],
    [2000, 720]
  ] as const) {
    setWidths(document, available)
    send(windowOf(document), document, 'resize')
    const widths = [...document.querySelectorAll('#path svg')].map(one => Number(one.getAttribute('width')))
    t.same(widths, [expected, expected])
  }
})

t.test('a diagram begins with the client', async t => {
  const webhook = `
apiVersion: v1
kind: Service
metadata: { namespace: knative-serving, name: webhook }
spec: { selector: { app: webhook }, ports: [{ name: http, port: 443, targetPort: 8443 }] }
`
  const explanation = explanationOf(stockWith())
  const rejected = JSON.parse(JSON.stringify(explanation).replaceAll('caller->pod', 'controller'))
  for (const [page, boxes] of [
    [diffPage('', webhook), ['apiserver', 'webhook', 'apiserver', 'webhook']],
    [toExplanationHtml(rejected), ['caller: in-mesh (any namespace)', 'controller']],
    [PAGE, ['caller: in-mesh (any other namespace)', 'user1/sklearn-iris pod']]
  ] as const)
    t.same(textsOf(startedPage(page), '#path svg .name'), boxes)
})

t.test('a path of several callers lists them', async t => {
  const document = startedPage(accessPage(''))
  t.equal(document.querySelector('#path > div > details'), null, 'the first has one caller')
  const second = find<HTMLInputElement>(document, '#model input[value="1"]')
  second.checked = true
  send(second, document, 'change')
  t.equal(textOf(document.querySelector('#path > div > details summary')), '3 callers')
  t.equal(textsOf(document, '#path > div > details li').length, 3)
})

t.test('wrap breaks lines between words, and words that are too long', async t => {
  for (const [text, length, lines] of [
    ['', 10, ['']],
    ['one two', 10, ['one two']],
    ['one two three', 7.9, ['one two', 'three']],
    ['abcdefgh ij', 3, ['abc', 'def', 'gh', 'ij']],
    ['ab', -1, ['a', 'b']]
  ] as const)
    t.same(wrap(text, length), lines, text)
})
