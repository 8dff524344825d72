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

// The search by namespace and host is covered by the vectors from Istio's code; here is the merging of rules for one host.
t.test('DestinationRules of one host and namespace are merged or kept apart', async t => {
  for (const [name, rules, app, expected] of [
    [
      'the oldest sets the policy, later ones fill gaps',
      [rule('old', 2024, mode('DISABLE')), rule('new', 2025, `${mode('SIMPLE')}, ${subset('v2')}`)],
      'a',
      ['old', 'DISABLE', 'v2']
    ],
    [
      'policy that the oldest does not set',
      [rule('old', 2024, subset('v1')), rule('new', 2025, `${mode('SIMPLE')}, ${subset('v1')}`)],
      'a',
      ['old', 'SIMPLE', 'v1']
    ],
    [
      'DestinationRule with a selector for its workloads',
      [rule('all', 2024, mode('DISABLE')), rule('some', 2025, `${mode('SIMPLE')}, ${selector('a')}`)],
      'a',
      ['some', 'SIMPLE', '']
    ],
    [
      'DestinationRule with a selector, other workloads',
      [rule('all', 2024, mode('DISABLE')), rule('some', 2025, `${mode('SIMPLE')}, ${selector('a')}`)],
      'b',
      ['all', 'DISABLE', '']
    ],
    [
      'two with one selector are merged',
      [
        rule('old', 2024, `${mode('DISABLE')}, ${selector('a')}`),
        rule('new', 2025, `${mode('SIMPLE')}, ${subset('v2')}, ${selector('a')}`)
      ],
      'a',
      ['old', 'DISABLE', 'v2']
    ],
    [
      'two with different selectors are kept apart',
      [
        rule('old', 2024, `${mode('DISABLE')}, ${selector('a')}`),
        rule('new', 2025, `${mode('SIMPLE')}, ${subset('v2')}, ${selector('b')}`)
      ],
      'b',
      ['new', 'SIMPLE', 'v2']
    ],
    ['a selector without a match', [rule('some', 2024, `${mode('SIMPLE')}, ${selector('a')}`)], 'b', undefined]
  ] as const) {
    const found = findDestinationRule(
      stateOf(rules.join('---')),
      { namespace: 'ns', labels: { app } },
      { host: HOST, namespace: 'ns' }
    )
    const words = found && [
      found.destinationRule.name,
      found.trafficPolicy?.tls?.mode,
      found.subsets.map(({ name }) => name).join()
    ]
    t.same(words, expected, name)
  }
})
