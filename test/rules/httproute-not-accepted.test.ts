import t from 'tap'
import { decide } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import rule from '../../src/rules/httproute-not-accepted.ts'
import { RULES } from '../../src/rules/index.ts'
import { namespace, together } from '../support/objects.ts'
import { GATEWAY_API, httpRoute, ISTIO_CLASS, OPEN_LISTENER, publicGateway, standardModel } from '../support/routes.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const state = (listeners: string, ...objects: readonly string[]) =>
  together(GATEWAY_API, ISTIO_CLASS, standardModel, publicGateway(listeners), ...objects)
const selecting = (labels: string) =>
  OPEN_LISTENER.replace('from: All', `from: Selector, selector: { matchLabels: { ${labels} } }`)
const SAME = '{ name: http, port: 80, protocol: HTTP }'

testRule(t, rule, {
  'every namespace': [state(OPEN_LISTENER), []],
  'only its own namespace': [state(SAME), ['Gateway kserve/public spec.listeners[0].allowedRoutes.namespaces.from']],
  'no namespace': [
    state(OPEN_LISTENER.replace('All', 'None')),
    ['Gateway kserve/public spec.listeners[0].allowedRoutes.namespaces.from']
  ],
  'namespaces with another label': [
    state(selecting('models: "true"')),
    ['Gateway kserve/public spec.listeners[0].allowedRoutes.namespaces.selector']
  ],
  'namespaces with its label': [state(selecting('istio-injection: enabled')), []],
  'other kinds': [
    state(OPEN_LISTENER.replace('All }', 'All }, kinds: [{ kind: TLSRoute }]')),
    ['Gateway kserve/public spec.listeners[0].allowedRoutes.kinds']
  ],
  'another host': [
    state(`{ name: tcp, port: 81, protocol: TCP }, ${OPEN_LISTENER.replace('port', 'hostname: a.example.org, port')}`),
    ['Gateway kserve/public spec.listeners[1].hostname']
  ],
  'another protocol': [state('{ name: tcp, port: 80, protocol: TCP }'), ['Gateway kserve/public spec.listeners[0]']],
  'no listener': [state(''), ['Gateway kserve/public spec.listeners']],
  'another section': [
    state(OPEN_LISTENER, httpRoute('{}').replace('name: public', 'name: public, sectionName: https')),
    ['Gateway kserve/public spec.listeners[0]']
  ]
})

t.test('the fix accepts routes of all namespaces and keeps the rest', async t => {
  const other = '{ name: tcp, port: 81, protocol: TCP }'
  const [finding] = findingsOf(rule.id, state(`${other}, ${SAME.replace('port', 'hostname: "*.example.com", port')}`))
  t.same(finding?.fix.apply, [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'public', namespace: 'kserve' },
      spec: {
        gatewayClassName: 'istio',
        listeners: [
          { name: 'tcp', port: 81, protocol: 'TCP' },
          {
            name: 'http',
            hostname: '*.example.com',
            port: 80,
            protocol: 'HTTP',
            allowedRoutes: { namespaces: { from: 'All' } }
          }
        ]
      }
    }
  ])
})

/** Findings of an update as `object field`. */
function deniedBy(before: string, change: string): readonly string[] {
  const snapshot = stockWith(before)
  const after = resourceOf(change)
  const old = snapshot.get(after.kind, after.namespace, after.name)
  if (old === undefined) throw new Error('no object')
  const { decision, findings } = decide(snapshot, { operation: 'UPDATE', before: old, after }, RULES, DEFAULT_POLICY)
  return [decision, ...findings.map(({ object: { kind, name }, field }) => `${kind} ${name} ${field}`)]
}

t.test('a namespace that loses the label is at fault', async t => {
  const before = state(selecting('models: "true"'), namespace('models: "true", istio-injection: enabled'))
  t.same(deniedBy(before, namespace('istio-injection: enabled')), ['deny', 'Namespace user1 metadata.labels'])
})

t.test('a Gateway that accepts only its own namespace is denied', async t => {
  t.same(deniedBy(state(OPEN_LISTENER), publicGateway(SAME)), [
    'deny',
    'Gateway public spec.listeners[0].allowedRoutes.namespaces.from'
  ])
})
