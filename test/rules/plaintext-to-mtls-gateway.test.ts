import t from 'tap'
import { decideState } from '../../src/engine/decide.ts'
import { DEFAULT_POLICY } from '../../src/engine/to-findings.ts'
import { RULES } from '../../src/rules/index.ts'
import rule from '../../src/rules/plaintext-to-mtls-gateway.ts'
import { gateway } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'
import { testRule } from '../support/table-test.ts'

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
