import t from 'tap'
import rule from '../../src/rules/revision-label-ignored.ts'
import { namespace, together } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const webhook = (name: string, revision: string, value: string) => `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: ${name}, labels: { istio.io/rev: ${revision} } }
webhooks:
  - name: rev.namespace.sidecar-injector.istio.io
    namespaceSelector:
      matchExpressions:
        - { key: istio.io/rev, operator: In, values: [${value}] }
        - { key: istio-injection, operator: DoesNotExist }
`
const CANARY = webhook('canary', 'canary', 'canary')
/** Selects the namespaces of its revision, whatever other labels they have. */
const OWN_WEBHOOK = CANARY.replace('- { key: istio-injection, operator: DoesNotExist }', '').replace('canary', 'a')
const PLACE = ['Namespace /user1 metadata.labels[istio.io/rev]']
const BOTH = namespace('istio-injection: enabled, istio.io/rev: canary')

testRule(t, rule, {
  'revision that is not installed': [BOTH, PLACE],
  'revision that is installed': [together(BOTH, CANARY), PLACE],
  'injection is disabled': [namespace('istio-injection: disabled, istio.io/rev: canary'), PLACE],
  'default revision': [namespace('istio-injection: enabled, istio.io/rev: default'), []],
  'tag of the default revision': [
    together(namespace('istio-injection: enabled, istio.io/rev: prod'), webhook('tag', 'default', 'prod')),
    []
  ],
  'webhook that selects on istio.io/rev only': [together(BOTH, OWN_WEBHOOK), []],
  'only istio.io/rev': [namespace('istio.io/rev: canary'), []],
  'only istio-injection': [namespace('istio-injection: enabled'), []],
  'namespace without models': [BOTH.replace('user1', 'user2'), []],
  'namespace of Knative': [
    BOTH.replace('user1', 'knative-serving'),
    [String(PLACE).replace('user1', 'knative-serving')]
  ]
})
