import t from 'tap'
import { meshSources } from '../../src/request/callers.ts'
import type { Workload } from '../../src/state/workload.ts'
import { authorization, clientRule, networkPolicy, together } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'
import { workload } from '../support/workload.ts'

const HOST = 'model.user1.svc.cluster.local'
const injecting = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { istio-injection: enabled } }
`

const INJECT_ALL = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector }
webhooks: [{ name: namespace.sidecar-injector.istio.io }]
`

/** Namespace user3 with its own control plane. */
const CANARY = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector-canary, labels: { istio.io/rev: canary } }
webhooks:
  - name: rev.namespace.sidecar-injector.istio.io
    namespaceSelector: { matchLabels: { istio.io/rev: canary } }
---
apiVersion: v1
kind: Namespace
metadata: { name: user3, labels: { istio.io/rev: canary } }
`

/** Caller classes with their service accounts. */
const callers = (...objects: readonly string[]) => callersOf(workload(), ...objects)

function callersOf(server: Workload, ...objects: readonly string[]): readonly string[] {
  const state = stockWith(together(injecting('user2'), injecting('user3'), ...objects))
  const call = { path: undefined, method: 'POST', hosts: [HOST] }
  return meshSources(state, { hosts: [HOST], servers: [server], call }).map(
    ({ caller, pods }) =>
      `${caller.from?.join(' ') ?? 'any'}: ${pods
        .map(({ serviceAccount }) => serviceAccount)
        .sort()
        .join()}`
  )
}

t.test('a namespace pattern of a policy names the namespaces that it matches', async t => {
  const injector = `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: istio-sidecar-injector }
webhooks: [{ name: namespace.sidecar-injector.istio.io }]
`
  const from = (namespaces: string) =>
    authorization('user1', `{ rules: [{ from: [{ source: { namespaces: [${namespaces}] } }] }] }`)
  t.same(callers(injector, from('team-*')), ['any: default'], 'no such namespace')
  t.same(callers(injecting('team-b'), injecting('a-team'), from('team-*')), ['any: default', 'team-b: default'])
  t.same(callers(injector, from('team-a')), ['any: default'], 'no such namespace')
  const pod = '\napiVersion: v1\nkind: Pod\nmetadata: { namespace: team-a, name: caller }\nspec: {}\n'
  t.same(callers(injector, from('team-a'), pod), ['any: default', 'team-a: default'], 'a pod shows that it exists')
})

t.test('namespaces of which only the pods are known form caller classes', async t => {
  const pod = (namespace: string) => `
apiVersion: v1
kind: Pod
metadata: { namespace: ${namespace}, name: caller }
spec: {}
`
  const named = authorization('user1', '{ rules: [{ from: [{ source: { namespaces: [team-a, team-b] } }] }] }')
  const exported = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: user1, name: exported }
spec: { host: ${HOST}, exportTo: [team-a] }
`
  const rule = clientRule(HOST, '{ tls: { mode: DISABLE } }', 'team-a')
  const ALONE = ['any: default', 'team-a: default', 'team-b: default']
  for (const [name, objects, expected] of [
    ['no configuration', [], ['any: default', 'team-a team-b: default']],
    ['DestinationRule in one of them', [rule], ALONE],
    ['DestinationRule that is exported to one of them', [exported], ALONE]
  ] as const) {
    const classes = callers(INJECT_ALL, named, pod('team-a'), pod('team-b'), ...objects)
    t.same(
      classes.filter(one => !one.startsWith('user1')),
      expected,
      name
    )
  }
})

t.test('DestinationRules, Sidecars and policies form caller classes', async t => {
  const sidecar = (namespace: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: ${namespace}, name: default }
`
  const plain = '{ tls: { mode: DISABLE } }'
  const USERS = ['user1: default', 'user2 user3: default']
  const from = (source: string) => authorization('user1', `{ rules: [{ from: [{ source: { ${source} } }] }] }`)
  const when = (key: string, value: string) =>
    authorization('user1', `{ rules: [{ when: [{ key: ${key}, values: ["${value}"] }] }] }`)
  for (const [name, objects, expected] of [
    ['no configuration', [], []],
    ['DestinationRule for the host', [clientRule(HOST, plain, 'user2')], ['user2: default']],
    ['DestinationRule for all hosts', [clientRule('*', plain, 'user2')], ['user2: default']],
    ['DestinationRule for another host', [clientRule('example.com', plain, 'user2')], []],
    ['short name resolves to another host', [clientRule('model', plain, 'user2')], []],
    ['Sidecar', [sidecar('user2')], ['user2: default']],
    ['Sidecar of a namespace without injection', [sidecar('batch')], []],
    ['source namespaces', [from('namespaces: [user3, user2]')], ['user2 user3: default']],
    ['notNamespaces', [from('notNamespaces: [user2]')], ['user2: default']],
    ['pattern of namespaces', [from('namespaces: ["user*"]')], USERS],
    ['pattern of other namespaces', [from('notNamespaces: ["user*"]')], USERS],
    ['pattern in the middle', [from('namespaces: ["u*2"]')], ['user2: default']],
    ['pattern of all namespaces', [from('namespaces: ["*"]')], []],
    ['pattern of namespaces where every namespace is injected', [INJECT_ALL, from('namespaces: ["user*"]')], USERS],
    ['one principal', [from('principals: [cluster.local/ns/user2/sa/me]')], ['user2: default,me']],
    ['several principals', [from('principals: ["*/ns/user2/sa/b", "*/ns/user2/sa/a"]')], ['user2: a,default']],
    ['all accounts of a namespace', [from('principals: ["cluster.local/ns/user2/*"]')], ['user2: default']],
    ['pattern of principals of several namespaces', [from('principals: ["cluster.local/ns/user*"]')], USERS],
    ['pattern of service accounts', [from('principals: ["cluster.local/ns/user2/sa/m*"]')], ['user2: default,m']],
    ['service account of several namespaces', [from('principals: ["*er3/sa/me"]')], ['user3: default,me']],
    ['service account of any namespace', [from('principals: ["*/sa/me"]')], []],
    ['any principal', [from('principals: ["*"]')], []],
    ['service account in the namespace of the policy', [from('serviceAccounts: [me]')], ['user1: default,me']],
    ['service account of another namespace', [from('notServiceAccounts: [user2/me]')], ['user2: default,me']],
    ['condition source.namespace', [when('source.namespace', 'user2')], ['user2: default']],
    ['condition source.principal', [when('source.principal', 'cluster.local/ns/user2/sa/me')], ['user2: default,me']],
    ['condition source.serviceAccount', [when('source.serviceAccount', 'user2/me')], ['user2: default,me']],
    ['gateways and activator form no caller class', [from('namespaces: [istio-system, knative-serving]')], []],
    [
      'policy of another workload',
      [authorization('user2', '{ rules: [{ from: [{ source: { namespaces: [user3] } }] }] }')],
      []
    ],
    ['rules without fields', [authorization('user1', '{ rules: [null, {}, { from: [{}] }] }')], []],
    [
      'DestinationRule and policy',
      [clientRule(HOST, plain, 'user2'), from('serviceAccounts: [user2/me]')],
      ['user2: default,me']
    ]
  ] as const) {
    t.same(callers(...objects), ['any: default', ...expected], name)
  }
})

t.test('NetworkPolicies form caller classes', async t => {
  const labeled = (name: string, team: string) => injecting(name).replace('enabled', `enabled, team: ${team}`)
  const byName = (...names: readonly string[]) =>
    `{ namespaceSelector: { matchExpressions: [{ key: kubernetes.io/metadata.name, operator: In, values: [${names.join()}] }] } }`
  const byTeam = (operator: string, values = '[]') =>
    `{ namespaceSelector: { matchExpressions: [{ key: team, operator: ${operator}, values: ${values} }] } }`
  const from = (...peers: readonly string[]) =>
    networkPolicy(`{ ingress: [${peers.map(one => `{ from: [${one}] }`).join()}] }`)
  const egress = (namespace: string, spec = '') => networkPolicy(`{ policyTypes: [Egress] ${spec} }`, namespace)
  const TEAMS = [labeled('user2', 'a'), labeled('user3', 'b'), labeled('batch', 'c')]
  for (const [name, objects, expected] of [
    ['every namespace', [from('{ namespaceSelector: {} }')], []],
    ['every address', [from('{ ipBlock: { cidr: 0.0.0.0/0 } }')], []],
    ['named namespaces', [from(byName('user2', 'user3', 'istio-system'))], ['user2 user3: default']],
    ['namespaces in different rules', [from(byName('user2'), byName('user3'))], ['user2: default', 'user3: default']],
    ['a label', [...TEAMS, from('{ namespaceSelector: { matchLabels: { team: a } } }')], ['user2: default']],
    ['one of several values', [...TEAMS, from(byTeam('In', '[a, b]'))], ['user2 user3: default']],
    ['all but one value', [...TEAMS, from(byTeam('NotIn', '[a]'))], ['user2: default']],
    ['a label with any value', [...TEAMS, from(byTeam('Exists'))], ['batch user2 user3: default']],
    ['a label that no namespace has', [from(byTeam('Exists'))], []],
    ['pods of the own namespace', [from('{ podSelector: {} }')], ['user1: default']],
    ['what callers send', [egress('user2')], ['user2: default']],
    ['what some callers send', [egress('user2', ', podSelector: { matchLabels: { app: a } }')], []],
    [
      'what some callers send, by an expression',
      [egress('user2', ', podSelector: { matchExpressions: [{ key: app, operator: Exists }] }')],
      []
    ],
    [
      'what callers may send',
      [egress('user2'), egress('user3', ', egress: [{}]')],
      ['user2: default', 'user3: default']
    ],
    ['what gateways send', [egress('istio-system')], []],
    [
      'a policy of other pods',
      [from(byName('user2')).replace('spec: {', 'spec: { podSelector: { matchLabels: { app: a } },')],
      []
    ]
  ] as const) {
    t.same(callers(...objects), ['any: default', ...expected], name)
  }
})

t.test('caller classes follow the configuration that a path sees', async t => {
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
  const TWO_CLASSES = ['user2: default', 'user3: default']
  const ONE_CLASS = ['user2 user3: default']
  for (const [name, objects, expected] of [
    ['one rule for both namespaces', [rules(both)], ONE_CLASS],
    ['one rule for each namespace', [rules(`${from('user2')}, ${from('user3')}`)], ONE_CLASS],
    ['two rules for one namespace', [rules(`${both}, ${from('user3')}`)], TWO_CLASSES],
    [
      'rule with a source that cannot match',
      [rules(`${both}, { from: [{ source: { namespaces: [user3], notServiceAccounts: [user3/default] } }] }`)],
      ONE_CLASS
    ],
    ['pattern that matches one namespace', [rules(`${both}, ${from('"*3"')}`)], TWO_CLASSES],
    [
      'one rule by namespace, one rule by service account',
      [rules(`${from('user2')}, { from: [{ source: { serviceAccounts: [user3/default] } }] }`)],
      ONE_CLASS
    ],
    [
      'rules for different paths',
      [rules(`${from('user2', ', to: [{ operation: { paths: [/a] } }]')}, ${from('user3')}`)],
      TWO_CLASSES
    ],
    [
      'rules for different ports',
      [
        rules(
          `${from('user2', ', to: [{ operation: { notPorts: ["1"] } }]')}, ${from('user3', ', to: [{ operation: { notPorts: ["2"] } }]')}`
        )
      ],
      TWO_CLASSES
    ],
    [
      'one rule that is HTTP only because of another source',
      [
        rules(
          `{ from: [{ source: { namespaces: [user2] } }, { source: { namespaces: [user9], requestPrincipals: ["*"] } }] }, ${from('user3')}`
        )
      ],
      TWO_CLASSES
    ],
    [
      'service accounts with equal rules in another order',
      [
        rules(
          `{ from: [{ source: { serviceAccounts: [user2/a, user3/b] } }], to: [{ operation: { ports: ["1"] } }] },
           { from: [{ source: { serviceAccounts: [user2/b, user3/a] } }], to: [{ operation: { ports: ["2"] } }] }`
        )
      ],
      ['user2 user3: a,b,default']
    ],
    [
      'root namespace',
      [injecting('istio-system'), rule('istio-system', 'DISABLE'), rule('user2', 'DISABLE')],
      ['istio-system: default', 'user2: default']
    ],
    [
      'rule exported to one of them',
      [rules(both), rule('user1', 'DISABLE', '[user3]')],
      ['user1: default', ...TWO_CLASSES]
    ],
    [
      'rule exported to a namespace that does not exist',
      [INJECT_ALL, rule('user1', 'DISABLE', '[later]')],
      ['user1: default']
    ],
    [
      'rule exported to one of two namespaces that do not exist and that a policy names',
      [INJECT_ALL, rules(from('soon, later')), rule('user1', 'DISABLE', '[later]')],
      ['user1: default']
    ],
    ['different revisions', [CANARY, rules(both)], TWO_CLASSES],
    [
      'rules for hosts that no call uses',
      [
        rules(
          `${from('user2', ', to: [{ operation: { hosts: [a] } }]')}, ${from('user3', ', to: [{ operation: { hosts: [b] } }]')}`
        )
      ],
      ONE_CLASS
    ],
    [
      'headers with unknown values',
      [
        rules(
          `${from('user2', ', when: [{ key: "request.headers[a]", values: [a] }]')}, ${from('user3', ', when: [{ key: "request.headers[b]", values: [b] }]')}`
        )
      ],
      ONE_CLASS
    ],
    [
      'different source.ip conditions',
      [
        rules(
          `${from('user2', ', when: [{ key: source.ip, values: ["10.0.0.1"] }]')}, ${from('user3', ', when: [{ key: source.ip, values: ["10.0.0.2"] }]')}`
        )
      ],
      TWO_CLASSES
    ],
    [
      'operations and sources without fields',
      [rules(`{ from: [{}, { source: { namespaces: [user2, user3] } }], to: [{}] }`)],
      ONE_CLASS
    ],
    [
      'equal Sidecars',
      [sidecar('user2', './*, istio-system/*'), sidecar('user3', 'user3/*, istio-system/*')],
      ONE_CLASS
    ],
    ['different Sidecars', [sidecar('user2', './*'), sidecar('user3', '"*/*"')], TWO_CLASSES],
    ['equal DestinationRules', [rule('user2', 'DISABLE'), rule('user3', 'DISABLE')], ONE_CLASS],
    ['different DestinationRules', [rule('user2', 'DISABLE'), rule('user3', 'ISTIO_MUTUAL')], TWO_CLASSES],
    [
      'Sidecar that hides the own namespace',
      [rule('user2', 'DISABLE', '[user2]'), rule('user3', 'DISABLE', '[user2]')],
      TWO_CLASSES
    ],
    [
      'DestinationRule exported to one namespace',
      [rules(both), rule('user1', 'DISABLE', '[user2]')],
      ['user1: default', ...TWO_CLASSES]
    ],
    ['DestinationRule for another host', [rules(both), rule('user2', 'DISABLE', '[]', 'example.com')], ONE_CLASS],
    ['namespace of the server', [rules(from('user1, user2'))], ['user1: default', 'user2: default']]
  ] as const) {
    t.same(callers(...objects), ['any: default', ...expected], name)
  }
  const exported = `
apiVersion: v1
kind: Service
metadata: { namespace: user1, name: model, annotations: { networking.istio.io/exportTo: user2 } }
spec: { ports: [{ port: 80 }] }
`
  t.same(callers(rules(both), exported), ['any: default', ...TWO_CLASSES], 'Service exported to one namespace')
  t.same(callers(exported), ['any: default', 'user2: default'], 'namespace to which only a Service is exported')
  const ownOnly = exported.replace('exportTo: user2', 'exportTo: "., *"')
  t.same(callers(ownOnly), ['any: default', 'user1: default'], 'Service exported to its own namespace')
  t.same(callers(rule('user1', 'DISABLE', '[user2, .]')), ['any: default', 'user1: default', 'user2: default'])
  t.same(callers(rule('istio-system', 'DISABLE', '[user2, "*"]')), ['any: default', 'user2: default'])
  t.same(callers(sidecar('istio-system', './*')), ['any: default', 'user1: default'], 'root Sidecar imports own hosts')
  t.same(callers(sidecar('istio-system', '"~./*", "*/*"')), ['any: default', 'user1: default'])
  t.same(callers(sidecar('istio-system', '"*/*"')), ['any: default'], 'root Sidecar imports the same everywhere')
  const routes = (namespace: string, spec: string, host = HOST) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { namespace: ${namespace}, name: routes }
spec: { hosts: ["${host}"], ${spec} }
`
  const http = 'http: [{ route: [{ destination: { host: httpbin.user1.svc.cluster.local } }] }]'
  const sourceOnly = http.replace('{ route', '{ match: [{ sourceNamespace: user3 }, {}], route')
  for (const [name, objects, expected] of [
    ['VirtualService for all namespaces', [routes('user2', http)], []],
    ['VirtualService for its own namespace', [routes('user2', `exportTo: [.], ${http}`)], ['user2: default']],
    ['VirtualService for another namespace', [routes('user2', `exportTo: [user3], ${http}`)], ['user3: default']],
    ['VirtualService for another host', [routes('user2', `exportTo: [.], ${http}`, 'example.com')], []],
    ['VirtualService of gateways', [routes('user2', `exportTo: [.], gateways: [a/b], ${http}`)], []],
    ['VirtualService for requests of one namespace', [routes('user2', sourceOnly)], ['user3: default']],
    [
      'root Sidecar imports own VirtualServices',
      [routes('user2', http), sidecar('istio-system', './*')],
      ['user1: default', 'user2: default']
    ],
    [
      'VirtualService that one of two namespaces sees',
      [routes('user1', `exportTo: [user2], ${http}`), rules(both)],
      TWO_CLASSES
    ],
    ['VirtualService with requests of one of two namespaces', [routes('user1', sourceOnly), rules(both)], TWO_CLASSES],
    ['VirtualService in one of two namespaces', [routes('user2', http), rules(both)], TWO_CLASSES]
  ] as const) {
    t.same(callers(...objects), ['any: default', ...expected], name)
  }
  const rulesOfBoth = [rule('user2', 'DISABLE'), rule('user3', 'DISABLE')]
  const server = workload({ namespace: 'user2' })
  t.same(callersOf(server, ...rulesOfBoth), ['any: default', ...TWO_CLASSES], 'namespace of another server')
})
