import t from 'tap'
import rule from '../../src/rules/peerauthentication-selector-in-root-namespace.ts'
import { policy } from '../support/objects.ts'
import { testRule } from '../support/table-test.ts'

const selecting = '{ selector: { matchLabels: { a: b } }, mtls: { mode: STRICT } }'

testRule(t, rule, {
  'another namespace': [policy('user1', selecting), []],
  'empty selector': [policy('istio-system', '{ selector: { matchLabels: {} } }'), []],
  'another root namespace': [
    `${policy('istio-system', selecting)}---
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: istio }
data: { mesh: "rootNamespace: istio-config" }
`,
    []
  ]
})
