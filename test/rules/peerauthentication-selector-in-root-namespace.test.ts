import t from 'tap'
import rule from '../../src/rules/peerauthentication-selector-in-root-namespace.ts'
import { cases } from '../support/cases.ts'
import { policy } from '../support/objects.ts'

const selecting = '{ selector: { matchLabels: { a: b } }, mtls: { mode: STRICT } }'

cases(t, rule, {
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
