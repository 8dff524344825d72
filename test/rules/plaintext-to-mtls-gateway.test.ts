import t from 'tap'
import { decide, decideState } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/plaintext-to-mtls-gateway.ts'
import type { Change } from '../../src/state/snapshot.ts'
import { clientRule, gateway, graph, model, together } from '../support/objects.ts'
import { resourceOf, stockWith } from '../support/snapshot.ts'
import { findingsOf, locationsOf, testRule } from '../support/table-test.ts'

const server = (tls: string) => `{ hosts: ["*"], port: { name: https, number: 8081, protocol: HTTPS }, tls: ${tls} }`
const other = '{ hosts: ["*"], port: { name: http, number: 9000, protocol: HTTP } }'

testRule(t, rule, {
  ISTIO_MUTUAL: [
    gateway('knative-local-gateway', server('{ mode: ISTIO_MUTUAL }')),
    ['Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode']
  ],
  SIMPLE: [
    gateway('knative-local-gateway', `${other}, ${server('{ mode: SIMPLE, credentialName: c }')}`),
    ['Gateway knative-serving/knative-local-gateway spec.servers[1].tls.mode']
  ]
})

t.test('the fix keeps the other servers and uses unique port names', async t => {
  const named = other.replace('9000', '9001').replace('name: http', 'name: https-mesh')
  const state = stockWith(gateway('knative-local-gateway', `${other}, ${named}, ${server('{ mode: ISTIO_MUTUAL }')}`))
  const { findings } = decideState(state, RULES, DEFAULT_POLICY)
  t.match(findings.find(({ rule: id }) => id === rule.id)?.fix.apply, [
    {
      spec: {
        servers: [
          { port: { name: 'http', number: 9000 } },
          { port: { name: 'https-mesh', number: 9001 } },
          { port: { name: 'https-mesh-8081', number: 8081 }, hosts: ['*.svc.cluster.local'] },
          { port: { name: 'http-8081', number: 8081 }, hosts: ['*'] }
        ]
      }
    }
  ])
})

const SIDECAR = 'Sidecar user2/default spec.egress'
const GATEWAY = 'Gateway knative-serving/knative-local-gateway spec.servers[0].tls.mode'
const MTLS_ONLY = gateway('knative-local-gateway', server('{ mode: ISTIO_MUTUAL }'))
const CLIENTS = clientRule('knative-local-gateway.istio-system.svc.cluster.local', '{ tls: { mode: ISTIO_MUTUAL } }')
const sidecar = (egress: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { namespace: user2, name: default }
spec: { egress: [${egress}] }
`
const OWN = sidecar('{ hosts: [./*] }')

t.test('the Sidecar or InferenceGraph that makes a client send plaintext is reported', async t => {
  t.same(locationsOf(rule.id, together(MTLS_ONLY, CLIENTS)), [])
  t.same(locationsOf(rule.id, together(MTLS_ONLY, CLIENTS, OWN)), [GATEWAY, SIDECAR])
  t.same(locationsOf(rule.id, together(MTLS_ONLY, OWN)), [GATEWAY], 'importing sidecars send plaintext too')
  const excluded = graph(', labels: { sidecar.istio.io/inject: "false" }')
  t.same(locationsOf(rule.id, together(MTLS_ONLY, CLIENTS, model(''), excluded)), [
    GATEWAY,
    'InferenceGraph user1/graph metadata.labels'
  ])
})

t.test('a change of the Gateway is reported, not an older Sidecar', async t => {
  const state = stockWith(together(CLIENTS, OWN))
  const before = state.get('Gateway', 'knative-serving', 'knative-local-gateway')
  if (before === undefined) throw new Error('no gateway')
  const change: Change = { operation: 'UPDATE', before, after: resourceOf(MTLS_ONLY) }
  const { findings } = decide(state, change, RULES, DEFAULT_POLICY)
  const places = findings.filter(one => one.rule === rule.id).map(({ object: { kind } }) => kind)
  t.same([...new Set(places)], ['Gateway'])
})

t.test('the fix imports the gateway and the model', async t => {
  const fixes = (egress: string) =>
    findingsOf(rule.id, together(MTLS_ONLY, CLIENTS, sidecar(egress)))
      .filter(({ object: { kind } }) => kind === 'Sidecar')
      .map(({ fix }) => fix)
  t.match(fixes('{ hosts: [./*] }'), [
    {
      text: 'Add istio-system/* and user1/* to the egress hosts of Sidecar user2/default',
      apply: [{ kind: 'Sidecar', spec: { egress: [{ hosts: ['./*', 'istio-system/*', 'user1/*'] }] } }]
    }
  ])
  t.match(fixes('{ hosts: [./*], port: { number: 1, protocol: HTTP } }'), [
    {
      apply: [
        {
          spec: {
            egress: [
              { hosts: ['./*'], port: { number: 1, protocol: 'HTTP' } },
              { hosts: ['istio-system/*', 'user1/*'] }
            ]
          }
        }
      ]
    }
  ])
})
