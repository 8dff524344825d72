import t from 'tap'
import { meshSources } from '../../src/request/callers.ts'
import { authorization, clientRule, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'
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
  const call = { path: undefined, method: 'POST', hosts: [HOST] }
  return meshSources(state, { hosts: [HOST], servers: [workload()], call }).map(
    ({ caller, pods }) =>
      `${caller.from?.join(' ') ?? 'any'}: ${pods.map(({ serviceAccount }) => serviceAccount).join()}`
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
    ['no configuration', [], []],
    ['a rule for the host', [clientRule(HOST, plain, 'user2')], ['user2: default']],
    ['a rule for all hosts', [clientRule('*', plain, 'user2')], ['user2: default']],
    ['a rule for another host', [clientRule('example.com', plain, 'user2')], []],
    ['a short name means another host there', [clientRule('model', plain, 'user2')], []],
    ['a Sidecar', [sidecar('user2')], ['user2: default']],
    ['a namespace without sidecars', [sidecar('batch')], []],
    ['namespaces', [from('namespaces: [user3, user2]')], ['user2 user3: default']],
    ['namespaces that are shut out', [from('notNamespaces: [user2]')], ['user2: default']],
    ['a pattern of namespaces', [from('namespaces: ["user*"]')], []],
    ['a principal', [from('principals: [cluster.local/ns/user2/sa/me]')], ['user2: default,me']],
    ['principals', [from('principals: ["*/ns/user2/sa/b", "*/ns/user2/sa/a"]')], ['user2: default,a']],
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

t.test('namespaces are told apart by what a path can see of them', async t => {
  const sidecar = (namespace: string, hosts: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: ${namespace}, name: default }
spec: { egress: [{ hosts: [${hosts}] }] }
`
  const rule = (namespace: string, mode: string, exportTo = '[]', host = HOST) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ${namespace}, name: rule }
spec: { host: "${host}", exportTo: ${exportTo}, trafficPolicy: { tls: { mode: ${mode} } } }
`
  const rules = (text: string) => authorization('user1', `{ rules: [${text}] }`)
  const from = (namespace: string, more = '') => `{ from: [{ source: { namespaces: [${namespace}] } }] ${more} }`
  const both = from('user2, user3')
  const APART = ['user2: default', 'user3: default']
  const ALIKE = ['user2 user3: default']
  for (const [name, objects, expected] of [
    ['one rule for both', [rules(both)], ALIKE],
    ['a rule for each', [rules(`${from('user2')}, ${from('user3')}`)], ALIKE],
    ['two rules for one of them', [rules(`${both}, ${from('user3')}`)], APART],
    ['a pattern that matches one', [rules(`${both}, ${from('"*3"')}`)], APART],
    [
      'one by its namespace, one by its account',
      [rules(`${from('user2')}, { from: [{ source: { serviceAccounts: [user3/default] } }] }`)],
      ALIKE
    ],
    ['other paths', [rules(`${from('user2', ', to: [{ operation: { paths: [/a] } }]')}, ${from('user3')}`)], APART],
    [
      'paths that no call has',
      [
        rules(
          `${from('user2', ', to: [{ operation: { hosts: [a] } }]')}, ${from('user3', ', to: [{ operation: { hosts: [b] } }]')}`
        )
      ],
      ALIKE
    ],
    [
      'headers that nothing is known of',
      [
        rules(
          `${from('user2', ', when: [{ key: "request.headers[a]", values: [a] }]')}, ${from('user3', ', when: [{ key: "request.headers[b]", values: [b] }]')}`
        )
      ],
      ALIKE
    ],
    [
      'another condition',
      [
        rules(
          `${from('user2', ', when: [{ key: source.ip, values: ["10.0.0.1"] }]')}, ${from('user3', ', when: [{ key: source.ip, values: ["10.0.0.2"] }]')}`
        )
      ],
      APART
    ],
    [
      'operations and sources without fields',
      [rules(`{ from: [{}, { source: { namespaces: [user2, user3] } }], to: [{}] }`)],
      ALIKE
    ],
    ['equal Sidecars', [sidecar('user2', './*, istio-system/*'), sidecar('user3', 'user3/*, istio-system/*')], ALIKE],
    ['other Sidecars', [sidecar('user2', './*'), sidecar('user3', '"*/*"')], APART],
    ['equal DestinationRules', [rule('user2', 'DISABLE'), rule('user3', 'DISABLE')], ALIKE],
    ['other DestinationRules', [rule('user2', 'DISABLE'), rule('user3', 'ISTIO_MUTUAL')], APART],
    [
      'one that its own namespace does not see',
      [rule('user2', 'DISABLE', '[user2]'), rule('user3', 'DISABLE', '[user2]')],
      APART
    ],
    [
      'one that is exported to one of them',
      [rules(both), rule('user1', 'DISABLE', '[user2]')],
      ['user1: default', ...APART]
    ],
    ['one for another host', [rules(both), rule('user2', 'DISABLE', '[]', 'example.com')], ALIKE],
    ['the namespace of the server', [rules(from('user1, user2'))], ['user1: default', 'user2: default']]
  ] as const) {
    t.same(callers(...objects), ['any: default', ...expected], name)
  }
  const exported = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: model, annotations: { networking.istio.io/exportTo: user2 } }
spec: { ports: [{ port: 80 }] }
`
  t.same(callers(rules(both), exported), ['any: default', ...APART], 'a Service that is exported to one of them')
})
