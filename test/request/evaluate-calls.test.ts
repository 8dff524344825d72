import t from 'tap'
import { evaluateCalls } from '../../src/request/evaluate-calls.ts'
import type { Workload } from '../../src/state/workload.ts'
import { policy } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const HOST = 'model.user1.svc.cluster.local'
const CLIENT = workload({ namespace: 'user2', proxy: 'none' })
const SIDECAR = workload({ name: 'sidecar' })
const PLAIN = workload({ name: 'plain', proxy: 'none' })
const AMBIENT = workload({ name: 'ambient', proxy: 'none', captured: true })

function outcome(servers: readonly Workload[]) {
  const endpoints = servers.map(server => ({ workload: server, port: 8012 }))
  const destination = { host: HOST, namespace: 'user1', port: 80, headless: false, endpoints }
  const call = { host: HOST, path: '/', method: 'GET', token: undefined, headers: {}, headersComplete: false }
  const view = stateOf(policy('user1', '{ mtls: { mode: STRICT } }'))
  const { calls, failure, unknown } = evaluateCalls(view, [CLIENT], call, destination)
  return `${calls.length} ${failure?.cause ?? 'no failure'}${unknown === undefined ? '' : ', unknown'}`
}

t.test('one endpoint decides the result of a hop', async t => {
  for (const [name, servers, expected] of [
    ['no endpoint', [], '0 no-endpoints'],
    ['endpoint that answers', [PLAIN], '1 no failure'],
    ['endpoints up to the first that fails', [PLAIN, SIDECAR, PLAIN], '2 plaintext-to-strict-workload'],
    ['endpoint whose result is unknown', [PLAIN, AMBIENT], '1 no failure, unknown'],
    ['a failure is certain beside an unknown result', [AMBIENT, SIDECAR], '1 plaintext-to-strict-workload']
  ] as const) {
    t.equal(outcome(servers), expected, name)
  }
})
