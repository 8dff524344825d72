/** Commands evaluate the current cluster by default. */
import { delimiter, join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { serveFolder } from '../support/cluster.ts'
import { meshGuard } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'

const CLUSTER = join(import.meta.dirname, '../../examples/four-outcomes')
const CALL = ['trace', '--from', 'user2/sleep-1', '--to', 'sklearn-iris-predictor-00001-private.user1:80']

t.test('explain and trace of a live cluster', async t => {
  const api = await serveFolder(t, CLUSTER)
  const live = ['--kubeconfig', join(t.testdir({ config: kubeconfig(api.url) }), 'config')]
  t.match(await meshGuard('explain', ...live), {
    code: 0,
    out: /^RESULT .*\nBLOCKED {2}user1\/sklearn-iris /
  })
  t.match(await meshGuard(...CALL, ...live), { code: 1, out: /^BLOCKED user2\/sleep-1 -> / })

  api.fault = ({ pathname }, response) => {
    const isForbidden = pathname.endsWith('/inferenceservices') || pathname.endsWith('/pods')
    if (isForbidden) response.writeHead(403).end()
    return isForbidden
  }
  t.match(await meshGuard('explain', 'user1/sklearn-iris', ...live, '--fail-on', 'warn'), {
    code: 1,
    out: /^not evaluated: paths: InferenceService: .*403/
  })
  t.match(await meshGuard(...CALL, ...live), {
    code: 3,
    out: '',
    err: /^error: the request cannot be evaluated: Pod: .*403/
  })

  api.fault = (_request, response) => !!response.writeHead(500).end()
  t.match(await meshGuard('explain', ...live), { code: 3, err: /^error: the cluster cannot be read: .*500\n$/ })
})

t.test('KUBECONFIG, --kubeconfig and --context select the cluster', async t => {
  const api = await serveFolder(t, CLUSTER)
  const both = parse(kubeconfig(api.url, 'running'))
  both.contexts.push({ name: 'in-user1', context: { ...both.contexts[0].context, namespace: 'user1' } })
  const folder = t.testdir({
    // Two contexts of a running cluster, and an unreachable cluster.
    running: stringify(both),
    unreachable: kubeconfig('http://127.0.0.1:1', 'unreachable'),
    'model.yaml': WITHOUT_NAMESPACE
  })
  const before = process.env['KUBECONFIG']
  t.teardown(() => {
    if (before === undefined) delete process.env['KUBECONFIG']
    else process.env['KUBECONFIG'] = before
  })
  const unreachable = join(folder, 'unreachable')
  process.env['KUBECONFIG'] = [unreachable, join(folder, 'running')].join(delimiter)
  for (const argv of [['explain'], ['audit'], CALL, ['check', CLUSTER]]) {
    const unread = { code: 3, out: '', err: /error: the cluster cannot be read: / }
    t.match(await meshGuard(...argv), unread, `${argv[0]}: the first file takes precedence`)
  }
  process.env['KUBECONFIG'] = [join(folder, 'running'), unreachable].join(delimiter)
  t.match(await meshGuard('explain', 'user1/sklearn-iris'), { code: 0, out: /^user1\/sklearn-iris: / })
  t.match(await meshGuard('explain', '--kubeconfig', unreachable), { code: 3 }, '--kubeconfig takes precedence')

  const context = ['--context', 'in-user1']
  t.match(await meshGuard('explain', 'sklearn-iris', ...context), { code: 0, out: /^user1\/sklearn-iris: / })
  t.match(await meshGuard('explain', 'sklearn-iris'), {
    code: 2,
    err: /default\/sklearn-iris: not found; did you mean user1/
  })
  const check = ['check', join(folder, 'model.yaml')]
  t.match(await meshGuard(...check, ...context), { out: /UPDATE InferenceService user1\/sklearn-iris\n/ })
  t.match(await meshGuard(...check), { out: /CREATE InferenceService default\/sklearn-iris\n/ })
  t.match(await meshGuard(...check, '-n', 'user2'), { out: /CREATE InferenceService user2\/sklearn-iris\n/ })
})

const WITHOUT_NAMESPACE = `
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: { name: sklearn-iris }
spec: { predictor: { model: { modelFormat: { name: sklearn }, storageUri: 'gs://models/iris' } } }
`
