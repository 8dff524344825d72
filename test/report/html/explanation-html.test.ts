import { createHash } from 'node:crypto'
import t from 'tap'
import type { Explanation } from '../../../src/report/explanation.ts'
import { SCRIPT, STYLE } from '../../../src/report/html/assets.ts'
import { toExplanationHtml } from '../../../src/report/html/explanation-html.ts'
import { RULES } from '../../../src/rules/index.ts'
import type { Snapshot } from '../../../src/state/snapshot.ts'
import { clientRule, hostTaken, model, pod, together } from '../../support/objects.ts'
import { stockWith } from '../../support/snapshot.ts'
import { dataOf, parseErrorsOf, rowsOf, startedPage, staticPage, textOf, textsOf } from './document.ts'
import { explanationOf, explanationPage, onlyFrom } from './pages.ts'

const LOCAL = 'knative-local-gateway.istio-system.svc.cluster.local'
const mutual = clientRule(LOCAL, '{ tls: { mode: ISTIO_MUTUAL } }')

t.test('the table has the result for each kind of caller, most severe first', async t => {
  const document = staticPage(explanationPage(onlyFrom('user2', 'sklearn-iris')))
  t.same(rowsOf(document), [
    ['InferenceService', 'External', 'In-mesh', 'Non-mesh', 'Probe', 'Causes'],
    ['user1/sklearn-iris', 'BLOCKED', 'BLOCKED 7/8', 'BLOCKED', 'BLOCKED', '[1]'],
    ['user1/sklearn-iris-burst', 'ok', 'ok', 'ok', 'ok', '-']
  ])
  t.equal(textOf(document.querySelector('header p')), '1 of 2 InferenceServices affected')
  t.same(textsOf(document, 'tbody tr:first-child .blocked').length, 4)
  t.same(textsOf(document, 'tbody tr:last-child .ok').length, 4)
})

t.test('each cause is listed with its symptom and fix, and linked', async t => {
  const document = staticPage(explanationPage(mutual))
  const [cause, ...others] = document.querySelectorAll('.cause')
  t.same(others, [])
  t.equal(document.querySelector('tbody a')?.getAttribute('href'), `#${cause?.id}`)
  t.equal(textOf(cause?.querySelector('h3')), '[1] client-mtls-to-plain-listener')
  const terms = textsOf(cause as Element, 'dt')
  const descriptions = textsOf(cause as Element, 'dd')
  t.same(terms, ['Object', 'InferenceServices', 'Symptom', 'Fix'])
  t.equal(descriptions[0], 'DestinationRule istio-system/default spec.trafficPolicy.tls.mode')
  t.equal(descriptions[1], '2')
  t.match(descriptions[2], /^503 UF/)
  t.ok(cause?.querySelector('dd code'), 'text between backticks is code')
  t.match(cause?.querySelector('details pre')?.textContent, /^apiVersion: .*\nkind: Gateway/)
})

t.test('models that are not modeled or not published, and paths that are not evaluated', async t => {
  const shared = model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }')
  const local = model(', labels: { networking.knative.dev/visibility: cluster-local }')
  const rows = (yaml: string) => rowsOf(staticPage(explanationPage(yaml)))
  t.same(rows(shared).at(-1), ['user1/new', '-', '-', '-', '-', '-'], 'the last row')
  t.match(
    textOf(startedPage(explanationPage(shared), '#model-2').querySelector('#model')),
    /^user1\/newno request paths: ModelMesh/
  )
  t.match(
    rows(local)
      .find(([name]) => name === 'user1/new')
      ?.slice(1, 3),
    ['not published', 'ok']
  )
  const page = explanationPage(together(hostTaken('new.user1.svc.cluster.local'), model('')))
  t.match(rowsOf(staticPage(page))[1], ['user1/new', 'ok', /^UNKNOWN/])
  t.match(textsOf(staticPage(page), '.cause h3, .cause p'), [
    '[1] unknown',
    'ServiceEntry istio-system/taken has a host of the model; which Service proxies use is not modeled'
  ])
  t.match(textOf(startedPage(page).querySelector('#path svg')), /UNKNOWN: ServiceEntry istio-system\/taken has a host/)
})

t.test('a path to a previous revision says so', async t => {
  const traffic = '[{ revisionName: new-predictor-00001, percent: 10 }]'
  const status = `{ components: { predictor: { latestReadyRevision: new-predictor-00002, traffic: ${traffic} } } }`
  const labels = 'serving.kserve.io/inferenceservice: new, component: predictor, security.istio.io/tlsMode: istio'
  const pods = [1, 2].map(one =>
    pod('user1', `new-${one}`, `${labels}, serving.knative.dev/revision: new-predictor-0000${one}`, 'sidecar')
  )
  const page = explanationPage(together(`${model('')}status: ${status}\n`, ...pods))
  const position = dataOf(page).models.findIndex(([name]) => name === 'user1/new')
  const choices = textsOf(startedPage(page, `#model-${position}`), '.choice')
  t.ok(
    choices.some(text => text.endsWith('caller → pod, previous revision')),
    choices.join('\n')
  )
})

t.test('notes list what is not evaluated, and the installations', async t => {
  const unreadable = stockWith().withUnreadable(new Map([['Gateway', 'forbidden']]))
  const notes = (state: Snapshot) => textsOf(staticPage(toExplanationHtml(explanationOf(state))), 'li')
  t.match(notes(unreadable), [/^not evaluated: paths: Gateway: forbidden/, /^Istio in namespace istio-system/])
  t.match(notes(stockWith()), [/^Istio in namespace/, /^Knative Serving/, /^KServe/])
})

t.test('a rule that was not evaluated has no object', async t => {
  const failure = RULES.failures['mtls-to-plain-listener']
  const explain = () => {
    throw new Error('odd')
  }
  const rules = { ...RULES, failures: { ...RULES.failures, 'mtls-to-plain-listener': { ...failure, explain } } }
  const page = toExplanationHtml(explanationOf(stockWith(mutual), rules))
  t.match(textsOf(staticPage(page), '.cause p'), [/^blocked; cause not evaluated: /])
  t.same(textsOf(staticPage(page), '.cause dt'), ['InferenceServices', 'Symptom'])
  const result = dataOf(page).hops.find(({ verdict }) => verdict === 'blocked')?.result
  t.same(result, ['BLOCKED: client-mtls-to-plain-listener'])
  t.same(textsOf(startedPage(page), '#path dt'), ['Symptom'])
})

t.test('models that differ only in their names have common data', async t => {
  const copies = (count: number) =>
    together(...Array.from({ length: count }, (_, i) => model('').replace('name: new', `name: model-${i}`)))
  const [few, many] = [explanationPage(copies(2)), explanationPage(copies(40))]
  t.equal(dataOf(many).models.length, 42)
  t.equal(dataOf(many).bodies.length, dataOf(few).bodies.length)
  t.equal(dataOf(many).hops.length, dataOf(few).hops.length)
  t.ok((many.length - few.length) / 38 < 500, 'characters for each model')
})

t.test('causes beyond a limit are shown only with the paths', async t => {
  const policies = Array.from({ length: 120 }, (_, i) =>
    together(model('').replace('name: new', `name: model-${i}`), onlyFrom('a', `model-${i}`))
  )
  const document = staticPage(explanationPage(together(...policies)))
  t.equal(document.querySelectorAll('.cause').length, 100)
  t.match(textsOf(document, 'li')[0], '20 other causes only shown with the request paths')
  for (const link of document.querySelectorAll('tbody a')) t.ok(document.querySelector(`${link.getAttribute('href')}`))
  t.equal(textsOf(document, 'td').filter(text => text === 'see paths').length, 20)
})

t.test('no InferenceService', async t => {
  const empty: Explanation = { ...explanationOf(stockWith()), models: [] }
  const page = toExplanationHtml(empty)
  t.equal(textOf(staticPage(page).querySelector('header p')), '0 of 0 InferenceServices affected')
  t.ok(startedPage(page).querySelector('#model[hidden]'))
})

t.test('a page is valid, and allows only its own script and style', async t => {
  const page = explanationPage(mutual)
  t.same(parseErrorsOf(page), [])
  t.not(parseErrorsOf('<p title="""></p>').length, 0, 'errors are found')
  const document = staticPage(page)
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  t.equal(
    document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content'),
    `default-src 'none'; script-src ${hash(SCRIPT)}; style-src ${hash(STYLE)}; img-src data:; base-uri 'none'; form-action 'none'`
  )
  t.equal(document.querySelector('script:not([type])')?.textContent, SCRIPT)
  t.equal(document.querySelector('style')?.textContent, STYLE)
  t.same([...document.querySelectorAll('[src], [style], link:not([href="data:,"])')], [])
})

t.test('names of objects are never markup', async t => {
  const names = ['<script>alert(1)</script>', '"\'><img src=x onerror=alert(1)>', '</script><!--', 'a\ud800']
  const { models, ...rest } = explanationOf(stockWith(mutual))
  for (const name of names) {
    // Only manifest files can have such names.
    const renamed = JSON.parse(JSON.stringify(models).replaceAll('sklearn-iris', JSON.stringify(name).slice(1, -1)))
    const page = toExplanationHtml({ ...rest, models: renamed })
    t.same(parseErrorsOf(page), [], name)
    const document = startedPage(page)
    t.same([document.querySelectorAll('img').length, document.querySelectorAll('script').length], [0, 2], name)
    t.equal(document.querySelector('#models a')?.textContent, `user1/${name.toWellFormed()}`)
    t.match(document.querySelector('#model h2')?.textContent, `user1/${name}`)
  }
})
