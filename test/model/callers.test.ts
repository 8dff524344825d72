import t from 'tap'
import { meshCallers } from '../../src/model/callers.ts'
import { authorization, clientRule, together } from '../support/objects.ts'
import { stockWith } from '../support/state.ts'
import { workload } from '../support/workload.ts'

const HOST = 'model.user1.svc.cluster.local'
const injecting = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { istio-injection: enabled } }
`

/** The classes of callers, with the service accounts that are tried. */
function callers(...objects: readonly string[]): readonly string[] {
  const state = stockWith(together(injecting('user2'), injecting('user3'), ...objects))
  return meshCallers(state, [HOST], [workload()]).map(
    ({ caller, pods }) => `${caller.from ?? 'any'}: ${pods.map(({ serviceAccount }) => serviceAccount).join()}`
  )
}

t.test('who is a class of its own', async t => {
  const sidecar = (namespace: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: ${namespace}, name: default }
`
  const plain = '{ tls: { mode: DISABLE } }'
  const from = (source: string) => authorization('user1', `{ rules: [{ from: [{ source: { ${source} } }] }] }`)
  const when = (key: string, value: string) =>
    authorization('user1', `{ rules: [{ when: [{ key: ${key}, values: ["${value}"] }] }] }`)
  for (const [name, objects, expected] of [
    ['nobody', [], []],
    ['a rule for the host', [clientRule(HOST, plain, 'user2')], ['user2: default']],
    ['a rule for all hosts', [clientRule('*', plain, 'user2')], ['user2: default']],
    ['a rule for another host', [clientRule('example.com', plain, 'user2')], []],
    ['a short name means another host there', [clientRule('model', plain, 'user2')], []],
    ['a Sidecar', [sidecar('user2')], ['user2: default']],
    ['a namespace without sidecars', [sidecar('batch')], []],
    ['namespaces', [from('namespaces: [user3, user2]')], ['user2: default', 'user3: default']],
    ['namespaces that are shut out', [from('notNamespaces: [user2]')], ['user2: default']],
    ['a pattern of namespaces', [from('namespaces: ["user*"]')], []],
    ['a principal', [from('principals: [cluster.local/ns/user2/sa/me]')], ['user2: default,me']],
    ['principals', [from('principals: ["*/ns/user2/sa/b", "*/ns/user2/sa/a"]')], ['user2: default,a,b']],
    ['all of a namespace', [from('principals: ["cluster.local/ns/user2/*"]')], ['user2: default']],
    ['any principal', [from('principals: ["*"]')], []],
    ['a service account', [from('serviceAccounts: [me]')], ['user1: default,me']],
    ['one of another namespace', [from('notServiceAccounts: [user2/me]')], ['user2: default,me']],
    ['a namespace by condition', [when('source.namespace', 'user2')], ['user2: default']],
    ['a principal by condition', [when('source.principal', 'cluster.local/ns/user2/sa/me')], ['user2: default,me']],
    ['a service account by condition', [when('source.serviceAccount', 'user2/me')], ['user2: default,me']],
    ['gateways and activator are none', [from('namespaces: [istio-system, knative-serving]')], []],
    [
      'a policy elsewhere',
      [authorization('user2', '{ rules: [{ from: [{ source: { namespaces: [user3] } }] }] }')],
      []
    ],
    ['rules that say nothing', [authorization('user1', '{ rules: [null, {}, { from: [{}] }] }')], []],
    [
      'a rule and a policy',
      [clientRule(HOST, plain, 'user2'), from('serviceAccounts: [user2/me]')],
      ['user2: default,me']
    ]
  ] as const) {
    t.same(callers(...objects), ['any: default', ...expected], name)
  }
})
