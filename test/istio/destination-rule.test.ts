import t from 'tap'
import { findDestinationRule } from '../../src/istio/destination-rule.ts'
import { stateOf } from '../support/snapshot.ts'

const HOST = 'models.ns.svc.cluster.local'
const rule = (name: string, year: number, spec: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { namespace: ns, name: ${name}, creationTimestamp: "${year}-01-01T00:00:00Z" }
spec: { host: ${HOST}, ${spec} }
`
const mode = (name: string) => `trafficPolicy: { tls: { mode: ${name} } }`
const subset = (name: string) => `subsets: [{ name: ${name} }]`
const selector = (value: string) => `workloadSelector: { matchLabels: { app: ${value} } }`

// Vectors from Istio's code cover the lookup by namespace and host; this test covers merging for one host.
t.test('DestinationRules of one host and namespace are merged if their selectors are equal', async t => {
  for (const [name, rules, app, expected] of [
    [
      'the oldest sets trafficPolicy, a newer one adds subsets',
      [rule('old', 2024, mode('DISABLE')), rule('new', 2025, `${mode('SIMPLE')}, ${subset('v2')}`)],
      'a',
      ['old', 'DISABLE', 'v2']
    ],
    [
      'a newer one sets trafficPolicy if the oldest does not',
      [rule('old', 2024, subset('v1')), rule('new', 2025, `${mode('SIMPLE')}, ${subset('v1')}`)],
      'a',
      ['old', 'SIMPLE', 'v1']
    ],
    [
      'matching selector takes precedence',
      [rule('all', 2024, mode('DISABLE')), rule('some', 2025, `${mode('SIMPLE')}, ${selector('a')}`)],
      'a',
      ['some', 'SIMPLE', '']
    ],
    [
      'selector of other workloads is ignored',
      [rule('all', 2024, mode('DISABLE')), rule('some', 2025, `${mode('SIMPLE')}, ${selector('a')}`)],
      'b',
      ['all', 'DISABLE', '']
    ],
    [
      'equal selectors are merged',
      [
        rule('old', 2024, `${mode('DISABLE')}, ${selector('a')}`),
        rule('new', 2025, `${mode('SIMPLE')}, ${subset('v2')}, ${selector('a')}`)
      ],
      'a',
      ['old', 'DISABLE', 'v2']
    ],
    [
      'different selectors are not merged',
      [
        rule('old', 2024, `${mode('DISABLE')}, ${selector('a')}`),
        rule('new', 2025, `${mode('SIMPLE')}, ${subset('v2')}, ${selector('b')}`)
      ],
      'b',
      ['new', 'SIMPLE', 'v2']
    ],
    ['only a selector of other workloads', [rule('some', 2024, `${mode('SIMPLE')}, ${selector('a')}`)], 'b', undefined]
  ] as const) {
    const found = findDestinationRule(
      stateOf(rules.join('---')),
      { namespace: 'ns', labels: { app } },
      { host: HOST, namespace: 'ns' }
    )
    const summary = found && [
      found.destinationRule.name,
      found.trafficPolicy?.tls?.mode,
      [...found.subsets.keys()].join()
    ]
    t.same(summary, expected, name)
  }
})

t.test('clients in the root namespace use its DestinationRules only if no other namespace sees them', async t => {
  const own = (exportTo: string) =>
    rule('root', 2024, `exportTo: ["${exportTo}"], ${mode('SIMPLE')}`).replace(
      'namespace: ns',
      'namespace: istio-system'
    )
  for (const [exportTo, expected] of [
    ['.', 'root'],
    ['istio-system', 'root'],
    ['*', 'service'],
    ['ns', 'service']
  ] as const) {
    const found = findDestinationRule(
      stateOf([own(exportTo), rule('service', 2024, mode('DISABLE'))].join('---')),
      { namespace: 'istio-system', labels: {} },
      { host: HOST, namespace: 'ns' }
    )
    t.equal(found?.destinationRule.name, expected, `exportTo ${exportTo}`)
  }
})

t.test('the mesh can limit DestinationRules without exportTo to their own namespace', async t => {
  const find = (mesh: string, namespace: string) =>
    findDestinationRule(
      stateOf(`
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${mesh}" }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: a, namespace: user1 }
spec: { host: a.user1.svc.cluster.local }
`),
      { namespace, labels: {} },
      { host: 'a.user1.svc.cluster.local', namespace: 'user1' }
    )?.destinationRule.name
  t.equal(find('', 'user2'), 'a')
  t.equal(find('defaultDestinationRuleExportTo: [.]', 'user2'), undefined)
  t.equal(find('defaultDestinationRuleExportTo: [.]', 'user1'), 'a')
})
