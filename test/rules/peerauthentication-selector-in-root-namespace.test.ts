import t from 'tap'
import rule from '../../src/rules/peerauthentication-selector-in-root-namespace.ts'
import { cases } from '../support/cases.ts'

const policy = (namespace: string, spec: string) => `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { namespace: ${namespace}, name: default }
spec: ${spec}
`
const selecting = '{ selector: { matchLabels: { a: b } }, mtls: { mode: STRICT } }'

cases(t, rule, {
  'in another namespace': [policy('user1', selecting), []],
  'a selector without labels is none': [policy('istio-system', '{ selector: { matchLabels: {} } }'), []],
  'where the root namespace is another one': [
    `${policy('istio-system', selecting)}---
apiVersion: v1
kind: ConfigMap
metadata: { namespace: istio-system, name: istio }
data: { mesh: "rootNamespace: istio-config" }
`,
    []
  ]
})
