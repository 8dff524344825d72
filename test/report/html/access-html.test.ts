import t from 'tap'
import { allow, authorizing, model, namespace, pod, policy, together } from '../../support/objects.ts'
import { dataOf, parseErrorsOf, rowsOf, startedPage, staticPage, textOf, textsOf } from './document.ts'
import { accessPage, onlyFrom } from './pages.ts'

const pageOf = (...objects: readonly string[]) => accessPage(together(...objects))
const STRICT = policy('user1', '{ mtls: { mode: STRICT } }')
const DIRECT = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const IRIS = 'user1/sklearn-iris-predictor-00001-deployment-5685f4d0c-x0k2p'
const BURST = 'user1/sklearn-iris-burst-predictor-00001-deployment-5685f4d0c-x0k2p'
const SLEEP = 'user2/sleep-6d6b49d8b8-6ths6'
const HTTPBIN = 'user1/httpbin-6484879498-qxqj8'
const BATCH = 'batch/nightly-score-28417-9qv7z (no sidecar)'

t.test('the table has a column for each group of workloads with equal results', async t => {
  const document = staticPage(pageOf(allow('{ namespaces: [user1] }')))
  t.same(rowsOf(document), [
    ['InferenceService', `2: ${BATCH}, ${SLEEP}`, `3: ${HTTPBIN}, ${BURST}, ${IRIS}`, 'Causes'],
    ['user1/sklearn-iris', 'BLOCKED', 'BLOCKED 3/4', '[1]'],
    ['user1/sklearn-iris-burst', 'BLOCKED', 'BLOCKED 3/4', '[1]']
  ])
  t.equal(
    textOf(document.querySelector('header p')),
    '2 of 2 InferenceServices cannot be called by some of 5 running workloads'
  )
  t.match(textsOf(document, '.cause h3'), ['[1] policy-denies-request-path'])
})

t.test('a model with one result for all, and models that are not modeled', async t => {
  const shared = model(', annotations: { serving.kserve.io/deploymentMode: ModelMesh }')
  const page = pageOf(shared)
  const rows = rowsOf(staticPage(page))
  t.match(rows[0]?.[1], /^5: /)
  t.match(
    rows.find(([name]) => name === 'user1/new'),
    ['user1/new', '-', '-']
  )
  const position = dataOf(page).models.findIndex(([name]) => name === 'user1/new')
  t.match(textsOf(startedPage(page, `#model-${position}`), '#model p'), [/^no request paths: ModelMesh/])
  t.match(
    textsOf(startedPage(page, `#model-${1 - Math.sign(position)}`), '#model p')[0],
    '4 of 4 workloads can call it'
  )
})

t.test('a path has its callers, address, activator mode and failure', async t => {
  const page = pageOf(model(DIRECT), STRICT)
  const position = dataOf(page).models.findIndex(([name]) => name === 'user1/new')
  const document = startedPage(page, `#model-${position}`)
  t.same(textsOf(document, '.choice'), [
    `BLOCKED ${BATCH}InferenceService URLcaller → pod`,
    `ok ${HTTPBIN}, ${BURST}, ${IRIS} and 1 moreInferenceService URLcaller → pod`
  ])
  t.match(textsOf(document, '#path dd')[0], 'PeerAuthentication user1/default spec.mtls.mode')
  t.match(textsOf(document, '#path p')[0], /^callers without a sidecar send plaintext/)
  t.ok(document.querySelector('#path article details pre'), 'objects of the fix')
  const modes = startedPage(pageOf(allow('{ namespaces: [user1] }')))
  t.ok(textsOf(modes, '.choice').some(text => text.endsWith('caller → pod, direct (Serve mode)')))
})

t.test('notes of a path list what can still reject the request', async t => {
  const custom = authorizing('{ action: CUSTOM, provider: { name: ext }, rules: [{}] }', 'istio-system')
  const page = pageOf(custom)
  const { bodies } = dataOf(page)
  const notes = bodies.flatMap(({ paths }) => paths.flatMap(path => path.notes))
  t.match(notes.length === 0 ? dataOf(page).hops.map(({ verdict }) => verdict) : notes, [
    /unknown|blocked|^Not evaluated: /
  ])
})

t.test('workloads of one name are one caller', async t => {
  const labelled = (version: string, name: string) => pod('team', name, `app: client, version: ${version}`, 'sidecar')
  const page = pageOf(namespace('istio-injection: enabled'), labelled('v1', 'client-1'), labelled('v2', 'client-2'))
  const { callers } = dataOf(page)
  t.equal(new Set(callers).size, callers.length)
})

t.test('columns are limited', async t => {
  const clients = Array.from({ length: 14 }, (_, i) => pod(`team-${i}`, `client-${i}`, `app: a${i}`, 'sidecar'))
  const models = Array.from({ length: 14 }, (_, i) =>
    together(model('').replace('name: new', `name: model-${i}`), onlyFrom(`team-${i}`, `model-${i}`))
  )
  const page = pageOf(...clients, ...models)
  const document = staticPage(page)
  t.equal(rowsOf(document)[0]?.length, 1 + 12 + 1)
  t.match(textOf(document.querySelector('#matrix-caption')), /The results of \d+ other workloads are shown with each/)
  t.same(parseErrorsOf(page), [])
})
