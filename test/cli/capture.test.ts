/** A capture takes the place of its cluster. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { anonymizer } from '../../src/report/anonymize.ts'
import { captureObjects } from '../../src/report/capture.ts'
import { readResource } from '../../src/sources/manifest.ts'
import { Snapshot } from '../../src/state/snapshot.ts'
import { pathOf, serveFolder } from '../support/cluster.ts'
import { meshGuard, type Result } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'
import { readOwnScenario, SCENARIOS } from '../support/scenarios.ts'

const ROOT = join(import.meta.dirname, '../..')
const CLUSTER = join(ROOT, 'examples/four-outcomes')
const STRICT = join(ROOT, 'examples/strict-mesh.yaml')

const model = (image: string, value: string) => `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: sklearn-iris-burst, namespace: user1, annotations: { example.com/owner: ${value} } }
spec:
  predictor:
    containers: [{ name: kserve-container, image: ${image}, env: [{ name: TOKEN, value: ${value} }] }]
`

async function start(t: Parameters<typeof serveFolder>[0] & { testdir: typeof import('tap').testdir }) {
  const api = await serveFolder(t, CLUSTER)
  const folder = t.testdir({ config: kubeconfig(api.url), 'same.yaml': model('a', 'b'), 'other.yaml': model('c', 'b') })
  const live = ['--kubeconfig', join(folder, 'config')]
  const capture = async (...argv: readonly string[]) => {
    const { code, out, err } = await meshGuard('capture', ...live, ...argv)
    const file = join(folder, 'capture.yaml')
    writeFileSync(file, out)
    return { code, out, err, against: ['--against', file] }
  }
  return { api, folder, live, capture }
}

/** A result without the position of the object at fault in the file of the capture. */
const withoutSource = ({ out, ...result }: Result) => ({
  ...result,
  out: out.replace(/,\s+"source": \{\s+"file": "[^"]*capture\.yaml",\s+"line": \d+\s+\}/g, '')
})

t.test('commands print the same with a capture as with the cluster', async t => {
  const { api, folder, live, capture } = await start(t)
  const before: { metadata: object } = parse(model('a', 'b'))
  api.put(pathOf('InferenceService'), { ...before, metadata: { ...before.metadata, uid: 'u' } } as never)
  const { code, out, err, against } = await capture()
  t.match({ code, err }, { code: 0, err: '' })
  t.notMatch(out, /uid|TOKEN|example.com\/owner: b/)
  for (const argv of [
    ['explain', '-o', 'wide'],
    ['explain', '-o', 'json'],
    ['access', '-o', 'json'],
    ['audit', '-o', 'json'],
    ['check', STRICT, '-o', 'json'],
    ['check', CLUSTER, '-o', 'json'],
    ['check', join(folder, 'same.yaml'), '-o', 'json'],
    ['check', join(folder, 'other.yaml'), '-o', 'json'],
    ['plan', STRICT, '-o', 'json']
  ]) {
    const [ofCapture, ofCluster] = [await meshGuard(...argv, ...against), await meshGuard(...argv, ...live)]
    t.same(withoutSource(ofCapture), withoutSource(ofCluster), argv.join(' '))
    t.not(ofCluster.out, '')
  }
  const [, file = ''] = against
  t.match(await meshGuard('diff', 'live', file, ...live), { code: 0, out: /^0 request paths close, 0 open/ })
})

t.test('a kind that could not be read is not evaluated with the capture', async t => {
  const { api, live, capture } = await start(t)
  api.fault = ({ pathname }, response) => {
    const isForbidden = pathname === pathOf('DestinationRule')
    if (isForbidden) response.writeHead(403).end()
    if (pathname !== '/version') return isForbidden
    response.writeHead(200).end('{"gitVersion":"v1.36.1"}')
    return true
  }
  const { code, out, err, against } = await capture()
  t.equal(code, 0)
  t.match(out, /^# mesh-guard capture: \d+ objects of Kubernetes v1.36.1\n/)
  t.match(err, /^not readable: DestinationRule: .*403/)
  const explain = ['explain', '-o', 'json', '--fail-on', 'warn']
  const ofCluster = await meshGuard(...explain, ...live)
  t.match(ofCluster, { code: 1, out: /403/ })
  t.same(await meshGuard(...explain, ...against), ofCluster)
})

t.test('an API server that does not tell its version is captured without it', async t => {
  const { api, capture } = await start(t)
  api.fault = ({ pathname }, response) => {
    if (pathname === '/version') response.destroy()
    return pathname === '/version'
  }
  t.match(await capture(), { code: 0, out: /^# mesh-guard capture: \d+ objects\n/ })
})

t.test('JSON and YAML output is one list, which takes the place of the cluster too', async t => {
  const { api, live, capture } = await start(t)
  api.fault = ({ pathname }, response) => {
    const isForbidden = pathname === pathOf('DestinationRule')
    if (isForbidden) response.writeHead(403).end()
    return isForbidden
  }
  const { out: text } = await capture()
  const ofCluster = await meshGuard('explain', '-o', 'json', ...live)
  const { out: yaml } = await capture('-o', 'yaml')
  const { out, against } = await capture('-o', 'json')
  const list = JSON.parse(out)
  t.match(list, {
    kind: 'List',
    items: [{ kind: 'Capture', about: [/^mesh-guard capture: \d+ objects$/], notReadable: { DestinationRule: /403/ } }]
  })
  t.same(parse(yaml), list)
  const [, record, ...objects] = text.split('---\n').map(one => parse(one))
  t.same([record, ...objects], [{ ...list.items[0], about: undefined }, ...list.items.slice(1)].map(withoutUndefined))
  t.same(await meshGuard('explain', '-o', 'json', ...against), ofCluster)
})

/** As JSON writes it. */
const withoutUndefined = (object: unknown): unknown => JSON.parse(JSON.stringify(object))

t.test('-n selects namespaces, besides those of the system', async t => {
  const { capture } = await start(t)
  const { out } = await capture('-n', 'user2')
  const documents = parseAllDocuments(out).map(one => one.toJS())
  const namespaces = new Set(documents.map(({ metadata }) => metadata.namespace))
  t.same([...namespaces].filter(Boolean).sort(), ['istio-system', 'knative-serving', 'kserve', 'user2'])
  t.match(out, '# namespaces: user2\n')
  const both = await capture('-n', 'user2', '-n', 'user1')
  t.match(both.out, 'name: sklearn-iris-burst')
  t.match(await capture('-n', 'user3'), { code: 2, err: /namespace user3: not found; did you mean user\d/ })
})

t.test('--anonymize replaces names, and the decisions stay', async t => {
  const { live, capture } = await start(t)
  const { out, against } = await capture('--anonymize')
  t.notMatch(out, /iris|user1|sleep/)
  t.match(out, /^# names: pseudonyms/m)
  const numbers = async (argv: readonly string[]) => {
    const { out } = await meshGuard('explain', '-o', 'json', ...argv)
    return JSON.parse(out).models.map(({ paths }: { paths: object[] }) => paths.length)
  }
  t.same((await numbers(against)).sort(), (await numbers(live)).sort())
})

/** The report of a change. */
async function check(folder: string, isDelete: boolean, cluster: readonly unknown[], change: readonly unknown[]) {
  const write = (name: string, objects: readonly unknown[]) => {
    writeFileSync(join(folder, name), objects.map(object => stringify(object)).join('---\n'))
    return join(folder, name)
  }
  const files = [write('change.yaml', change), '--against', write('cluster.yaml', cluster)]
  const { out, err } = await meshGuard('check', ...files, '-o', 'json', ...(isDelete ? ['--delete'] : []))
  if (out === '') throw new Error(err)
  // A fix writes the whole object, and a capture has no annotation that is not read.
  return JSON.parse(out, (key, value) => (key === 'annotations' ? undefined : value))
}

const decisionsOf = ({ steps }: { steps: readonly { decision: string; findings: readonly { rule: string }[] }[] }) =>
  steps.map(({ decision, findings }) => [decision, ...findings.map(({ rule }) => rule)])

const SOME = SCENARIOS.filter((_, i) => i % 6 === 0)

t.test('a scenario has the same report with a capture, and the same decisions with an anonymized one', async t => {
  const folder = t.testdir()
  for (const name of SOME) {
    const { scenario, cluster, change } = readOwnScenario(name)
    const changes = change.map(({ text }) => parse(text))
    const isDelete = scenario['operation'] === 'DELETE'
    const objects = cluster.map(({ text }) => parse(text))
    const state = Snapshot.of(objects.flatMap(object => readResource(object) ?? []))
    const captured = captureObjects({ objects, state, namespaces: undefined }, readResource)
    const report = await check(folder, isDelete, objects, changes)
    t.same(await check(folder, isDelete, captured, changes), report, name)
    const { objects: renamed, text } = anonymizer(state, captured)
    const renamedChanges = changes.map(one => JSON.parse(text(JSON.stringify(one))))
    t.same(
      decisionsOf(await check(folder, isDelete, renamed, renamedChanges)),
      decisionsOf(report),
      `${name}, anonymized`
    )
  }
})
