/** What asks a state asks the cluster as it is now, unless told otherwise. */
import { join } from 'node:path'
import t from 'tap'
import { readFiles } from '../../src/sources/files.ts'
import { startApiServer } from '../support/api-server.ts'
import { serveAll, store } from '../support/cluster.ts'
import { meshGuard } from '../support/command.ts'
import { kubeconfig } from '../support/kubeconfig.ts'

const CLUSTER = join(import.meta.dirname, '../../examples/four-outcomes')
const CALL = ['trace', '--from', 'user2/sleep-1', '--to', 'sklearn-iris-predictor-00001-private.user1:80']

t.test('explain and trace', async t => {
  const api = await startApiServer()
  t.teardown(api.close)
  serveAll(api)
  store(
    api,
    readFiles([CLUSTER]).filter(({ resource }) => resource !== undefined)
  )
  const live = ['--kubeconfig', join(t.testdir({ config: kubeconfig(api.url) }), 'config')]
  t.match(await meshGuard('explain', ...live), { code: 0, out: /^user1\/sklearn-iris: 3 ok, 4 cut of 7 ways\n/ })
  t.match(await meshGuard(...CALL, ...live), { code: 1, out: /^CUT user2\/sleep-1 -> / })

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
    err: /^error: the call cannot be followed: Pod: .*403/
  })

  api.fault = (_request, response) => !!response.writeHead(500).end()
  t.match(await meshGuard('explain', ...live), { code: 3, err: /^error: the cluster cannot be read: .*500\n$/ })
})
