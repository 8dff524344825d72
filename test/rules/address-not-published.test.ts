import t from 'tap'
import rule from '../../src/rules/address-not-published.ts'
import { configMap, kserveConfig, model, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const STANDARD = ', annotations: { serving.kserve.io/deploymentMode: Standard }'
const published = (url: string, metadata = '', spec?: string) => `${model(metadata, spec)}status: { url: "${url}" }\n`
const domains = (data: Readonly<Record<string, string>>) => configMap('knative-serving', 'config-domain', data)
const ORGANIZATION = domains({ 'example.org': '' })
const DOMAIN = 'ConfigMap knative-serving/config-domain data'
const TEMPLATE = 'ConfigMap knative-serving/config-network data.domain-template'
const KSERVE = 'ConfigMap kserve/inferenceservice-config data.ingress'

testRule(t, rule, {
  'URL as configured': [published('http://new.user1.example.com'), []],
  'URL in the cluster': [published('http://new.user1.svc.cluster.local'), []],
  'text that is no URL': [published('new'), []],
  'former domain of Knative': [together(published('http://new.user1.example.com/v1'), ORGANIZATION), [DOMAIN]],
  'former domain-template': [published('https://new-user1.example.com'), [TEMPLATE]],
  'former domain in Standard mode': [
    together(published('http://new-user1.example.org', STANDARD), kserveConfig({})),
    [KSERVE]
  ],
  'former domainTemplate in Standard mode': [
    together(published('http://new.user1.example.com', STANDARD), kserveConfig({})),
    [KSERVE]
  ],
  'domain among the additional ones': [
    together(
      published('http://new.user1.example.com'),
      ORGANIZATION,
      kserveConfig({ additionalIngressDomains: ['example.com'] })
    ),
    []
  ],
  'domain-template that is not modeled': [
    together(
      published('http://new.example.com'),
      configMap('knative-serving', 'config-network', { 'domain-template': '{{if .Labels}}a{{end}}' })
    ),
    []
  ],
  'ModelMesh has no address of its own': [
    published('http://other', ', annotations: { serving.kserve.io/deploymentMode: ModelMesh }'),
    []
  ]
})

t.test('the fix has an object only if an additional domain keeps the address', async t => {
  const fixOf = (...objects: readonly string[]) => findingsOf(rule.id, together(...objects))[0]?.fix
  const former = published('http://new.user1.example.com')
  t.match(fixOf(former, ORGANIZATION, kserveConfig({ additionalIngressDomains: ['a.org'] })), {
    text: 'Add example.com to additionalIngressDomains of KServe first, until no caller uses new.user1.example.com',
    apply: [{ data: { ingress: /"additionalIngressDomains": \[\s+"a.org",\s+"example.com"\s+\]/ } }]
  })
  t.same(fixOf(published('http://new-user1.example.com')), {
    text: 'Keep the former value until no caller uses new-user1.example.com'
  })
})
