import t from 'tap'
import { evaluateCalls } from '../../src/request/evaluate-calls.ts'
import type { Workload } from '../../src/state/workload.ts'
import { policy, together } from '../support/objects.ts'
import { stateOf } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const HOST = 'model.user1.svc.cluster.local'
const CLIENT = workload({ namespace: 'user2', proxy: 'none' })
const SIDECAR = workload({ name: 'sidecar' })
const PLAIN = workload({ name: 'plain', proxy: 'none' })
const AMBIENT_GATEWAY = workload({ name: 'ambient', proxy: 'gateway', captured: true })

const networkPolicy = (labels: string, name = labels.slice(-3, -2)) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: user1, name: ${name} }
spec: { podSelector: { matchLabels: ${labels} }, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: a } } }] }] }
`
const selected = (app: string) => workload({ name: app, proxy: 'none', labels: { app } })

function outcome(servers: readonly Workload[]) {
  const endpoints = servers.map(server => ({ workload: server, port: 8012 }))
  const destination = { host: HOST, namespace: 'user1', port: 80, headless: false, endpoints }
  const call = { host: HOST, path: '/', method: 'GET', token: undefined, headers: {}, headersComplete: false }
  const view = stateOf(
    together(
      policy('user1', '{ mtls: { mode: STRICT } }'),
      networkPolicy('{ app: a }'),
      networkPolicy('{ app: b }'),
      networkPolicy('{ app: c }')
    )
  )
  const { calls, failure, unknown, unevaluated } = evaluateCalls(view, [CLIENT], call, destination)
  const caveats = unevaluated.map(({ reason }) => `, ${reason}`).join('')
  return `${calls.length} ${failure?.cause ?? 'no failure'}${unknown === undefined ? '' : ', unknown'}${caveats}`
}

t.test('one endpoint decides the result of a hop', async t => {
  for (const [name, servers, expected] of [
    ['no endpoint', [], '0 no-endpoints'],
    ['endpoint that answers', [PLAIN], '1 no failure'],
    ['endpoints up to the first that fails', [PLAIN, SIDECAR, PLAIN], '2 plaintext-to-strict-workload'],
    ['endpoint whose result is unknown', [PLAIN, AMBIENT_GATEWAY], '1 no failure, unknown'],
    ['a failure is certain beside an unknown result', [AMBIENT_GATEWAY, SIDECAR], '1 plaintext-to-strict-workload'],
    [
      'each object that is not evaluated once, in any order of the pods',
      [selected('b'), selected('a'), selected('c'), selected('b')],
      '4 no failure, NetworkPolicy user1/a is not evaluated, NetworkPolicy user1/b is not evaluated, NetworkPolicy user1/c is not evaluated'
    ]
  ] as const) {
    t.equal(outcome(servers), expected, name)
  }
})
