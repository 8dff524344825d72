import t from 'tap'
import { meshOf } from '../../src/istio/mesh.ts'
import { DEFAULT_SETTINGS } from '../../src/state/snapshot.ts'
import { stateOf } from '../support/snapshot.ts'

const DEFAULTS = {
  rootNamespace: 'istio-system',
  trustDomain: 'cluster.local',
  trustDomainAliases: [],
  authorizers: [],
  autoMtls: true,
  destinationRuleExportTo: ['*']
}
const config = (name: string, mesh: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: ${name} }
data: { mesh: ${JSON.stringify(mesh)} }
`

t.test('the mesh configuration', async t => {
  const full = 'rootNamespace: root\ntrustDomain: td\nenableAutoMtls: false\ndefaultDestinationRuleExportTo: ["."]'
  for (const [name, yaml, expected] of [
    ['none', '', DEFAULTS],
    ['empty', config('istio', ''), DEFAULTS],
    [
      'full',
      config('istio', full),
      { ...DEFAULTS, rootNamespace: 'root', trustDomain: 'td', autoMtls: false, destinationRuleExportTo: ['.'] }
    ],
    [
      'trust domain aliases',
      config('istio', 'trustDomainAliases: [old]'),
      { ...DEFAULTS, trustDomainAliases: ['old'] }
    ],
    [
      'extension providers',
      config(
        'istio',
        'extensionProviders: [{ name: http, envoyExtAuthzHttp: {} }, { name: grpc, envoyExtAuthzGrpc: {} }, { name: traces }]'
      ),
      { ...DEFAULTS, authorizers: ['http', 'grpc'] }
    ],
    ['of a revision', config('istio-canary', 'trustDomain: td'), { ...DEFAULTS, trustDomain: 'td' }],
    ['other ConfigMap', config('istiod', 'trustDomain: td'), DEFAULTS],
    ['not YAML', config('istio', '{'), DEFAULTS],
    ['wrong types', config('istio', 'enableAutoMtls: "no"'), DEFAULTS]
  ] as const) {
    t.same(meshOf(stateOf(yaml)), expected, name)
  }
})

t.test('configured values take precedence', async t => {
  const settings = { ...DEFAULT_SETTINGS, rootNamespace: 'mine', trustDomain: 'mine.example' }
  t.match(meshOf(stateOf(config('istio', 'rootNamespace: root'), settings)), {
    rootNamespace: 'mine',
    trustDomain: 'mine.example'
  })
})
