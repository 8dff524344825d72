import t from 'tap'
import rule from '../../src/rules/ext-authz-on-internal-requests.ts'
import { authorizing, configMap, kserveConfig, model, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const MESH = configMap('istio-system', 'istio', {
  mesh: 'extensionProviders: [{ name: oidc, envoyExtAuthzHttp: { service: a } }]'
})
const custom = (rules: string, namespace = 'istio-system', selector = 'istio: ingressgateway') =>
  authorizing(
    `{ selector: { matchLabels: { ${selector} } }, action: CUSTOM, provider: { name: oidc }, rules: [${rules}] }`,
    namespace
  )
const PLACE = ['AuthorizationPolicy istio-system/policy spec.rules']
const to = (operation: string) => `{ to: [{ operation: { ${operation} } }] }`
const EXTERNAL = to('hosts: ["*.example.com"], notPaths: [/healthz]')

testRule(t, rule, {
  'all requests': [together(MESH, custom('{}')), PLACE],
  'external hosts without the probe path': [together(MESH, custom(EXTERNAL)), []],
  'external hosts with the probe path': [together(MESH, custom(to('hosts: ["*.example.com"]'))), PLACE],
  'in-cluster hosts': [together(MESH, custom(to('hosts: ["*.svc.cluster.local"]'))), PLACE],
  'paths of models on all hosts': [together(MESH, custom(to('paths: ["/v1/*"]'))), PLACE],
  'port of the external gateway': [together(MESH, custom(to('ports: ["8080"], notPaths: [/healthz]'))), []],
  'port of the local gateway': [together(MESH, custom(to('ports: ["8081"]'))), PLACE],
  'other pods': [together(MESH, custom('{}', 'istio-system', 'app: other')), []],
  'another namespace': [together(MESH, custom('{}', 'user1')), []],
  'unknown provider': [custom('{}'), []],
  'another action': [together(MESH, custom('{}').replace('CUSTOM', 'ALLOW')), []],
  'dry run': [
    together(MESH, custom('{}').replace('name: policy', 'name: policy, annotations: { istio.io/dry-run: "true" }')),
    []
  ],
  'without top-level VirtualService only probes': [
    together(MESH, kserveConfig({ disableIstioVirtualHost: true }), custom(to('hosts: ["*.svc.cluster.local"]'))),
    []
  ],
  'no Gateway, no public host': [
    together(
      MESH,
      configMap('knative-serving', 'config-istio', {
        'external-gateways': '[{ name: gone, namespace: gone, service: gone }]'
      }),
      configMap('knative-serving', 'config-domain', { 'svc.cluster.local': '' }),
      custom(to('paths: [/healthz]'))
    ),
    []
  ],
  'no public host': [
    together(
      MESH,
      configMap('knative-serving', 'config-domain', { 'svc.cluster.local': '' }),
      custom(to('paths: [/healthz]'))
    ),
    []
  ],
  'model in Standard mode': [
    together(
      MESH,
      ...['sklearn-iris', 'sklearn-iris-burst'].map(name =>
        model(', annotations: { serving.kserve.io/deploymentMode: Standard }').replace('name: new', `name: ${name}`)
      ),
      custom('{}')
    ),
    []
  ]
})

t.test('the fix exempts only what the policy covers', async t => {
  const rulesOf = (rules: string) => findingsOf(rule.id, together(MESH, custom(rules)))[0]?.fix.apply?.[0]?.['spec']
  const both = { notHosts: ['*.svc.cluster.local'], notPaths: ['/healthz'] }
  t.match(rulesOf('{}'), { rules: [{ to: [{ operation: both }] }] })
  t.match(rulesOf('null, {}'), { rules: [null, { to: [{ operation: both }] }] })
  t.match(rulesOf(to('hosts: ["*.example.com"]')), {
    rules: [{ to: [{ operation: { hosts: ['*.example.com'], notHosts: undefined, notPaths: ['/healthz'] } }] }]
  })
  t.match(rulesOf(to('ports: ["8081"]')), {
    rules: [{ to: [{ operation: { notHosts: ['*.svc.cluster.local'], notPaths: undefined } }] }]
  })
})
