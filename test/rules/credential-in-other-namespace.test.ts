import t from 'tap'
import rule from '../../src/rules/credential-in-other-namespace.ts'
import { gateway, together } from '../support/objects.ts'
import { findingsOf, testRule } from '../support/table-test.ts'

const server = (credential: string) =>
  `{ hosts: ["*"], port: { name: https, number: 443, protocol: HTTPS }, tls: { mode: SIMPLE, credentialName: "${credential}" } }`
const HTTP = '{ hosts: ["*"], port: { name: http, number: 80, protocol: HTTP } }'
const PUBLIC = gateway('knative-ingress-gateway', `${HTTP}, ${server('cert')}`)
const secret = (namespace: string, name = 'cert') => `
apiVersion: v1
kind: Secret
metadata: { namespace: ${namespace}, name: ${name} }
type: kubernetes.io/tls
`
const FOUND = ['Gateway knative-serving/knative-ingress-gateway spec.servers[1].tls.credentialName']

testRule(t, rule, {
  'Secret in the namespace of the Gateway': [together(PUBLIC, secret('knative-serving')), FOUND],
  'Secret in the namespace of the gateway pods': [together(PUBLIC, secret('istio-system')), []],
  'Secrets in both namespaces': [together(PUBLIC, secret('istio-system'), secret('knative-serving')), []],
  'no Secret with that name': [together(PUBLIC, secret('knative-serving', 'other')), []],
  'Secret by URL': [
    together(gateway('knative-ingress-gateway', `${HTTP}, ${server('kubernetes://cert')}`), secret('knative-serving')),
    FOUND
  ],
  'certificate of another store': [
    together(
      gateway('knative-ingress-gateway', `${HTTP}, ${server('builtin://cert')}`),
      secret('knative-serving', 'builtin://cert')
    ),
    []
  ],
  'Gateway without pods': [
    together(gateway('knative-ingress-gateway', server('cert')).replace('ingressgateway', 'none'), secret('user1')),
    []
  ],
  'Gateway that no model uses': [together(gateway('own', server('cert')), secret('user1')), []]
})

t.test('message and fix name the namespaces', async t => {
  const [found] = findingsOf(rule.id, together(PUBLIC, secret('knative-serving')))
  t.match(found?.message, / has no certificate: Secret cert is not in istio-system$/)
  t.equal(found?.fix.text, 'Create Secret cert in istio-system, where the gateway pods are; it is in knative-serving')
})
