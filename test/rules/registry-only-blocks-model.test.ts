import t from 'tap'
import rule from '../../src/rules/registry-only-blocks-model.ts'
import { configMap } from '../support/objects.ts'
import { stockWith } from '../support/snapshot.ts'
import { findingsOf, testRule } from '../support/table-test.ts'
import { workload } from '../support/workload.ts'

const sidecar = (hosts: string, mode?: string) => `
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: user2 }
spec:
  ${mode === undefined ? '' : `outboundTrafficPolicy: { mode: ${mode} }`}
  egress: [{ hosts: [${hosts}] }]
`
const mesh = configMap('istio-system', 'istio', { mesh: 'outboundTrafficPolicy: { mode: REGISTRY_ONLY }' })

testRule(t, rule, {
  'Sidecar without models': [
    sidecar('"./*"', 'REGISTRY_ONLY'),
    ['Sidecar user2/default spec.outboundTrafficPolicy.mode']
  ],
  'Sidecar with models and gateways': [sidecar('"user1/*", "istio-system/*"', 'REGISTRY_ONLY'), []],
  'Sidecar that allows any host': [sidecar('"./*"', 'ALLOW_ANY'), []],
  'Sidecar that allows any host in a mesh that does not': [`${mesh}---${sidecar('"./*"', 'ALLOW_ANY')}`, []],
  'policy of the mesh': [`${mesh}---${sidecar('"./*"')}`, ['Sidecar user2/default spec.egress']],
  'policy of the mesh without a Sidecar': [mesh, []],
  'policy of a mesh that exports nothing, without a Sidecar': [
    configMap('istio-system', 'istio', {
      mesh: 'outboundTrafficPolicy: { mode: REGISTRY_ONLY }\ndefaultServiceExportTo: [.]\ndefaultVirtualServiceExportTo: [.]'
    }),
    ['ConfigMap istio-system/istio data.mesh']
  ]
})

t.test('the fix imports the namespaces of the model and of the gateway', async t => {
  t.match(
    findingsOf(rule.id, sidecar('"./*"', 'REGISTRY_ONLY')).map(({ fix }) => fix.apply),
    [[{ spec: { egress: [{ hosts: ['./*', 'user1/*', 'istio-system/*'] }] } }]]
  )
})

t.test('a change of the mesh configuration is at fault itself, also for hosts that do not resolve', async t => {
  const state = stockWith(sidecar('"./*"', 'REGISTRY_ONLY'))
  const failure = {
    cause: 'not-in-registry',
    client: workload({ namespace: 'user2' }),
    host: 'missing.user1.svc.cluster.local',
    by: state.get('Sidecar', 'user2', 'default')
  } as const
  t.match(rule.explain(failure, state, state.get('ConfigMap', 'istio-system', 'istio')), { field: 'data.mesh' })
  t.match(rule.explain(failure, state, undefined), {
    fix: { text: 'Add user1/* to the egress hosts of Sidecar user2/default' }
  })
})
