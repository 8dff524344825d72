import { meshOf } from '../istio/mesh.ts'
import { hasWorkloadSelector } from '../istio/peer-authentication.ts'
import { toRef } from '../state/resource.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'peerauthentication-selector-in-root-namespace',
  category: 'exposure',
  mode: 'warn',
  summary: 'A PeerAuthentication with a selector in the root namespace is ignored',
  symptom: 'plaintext requests get 200 although the PeerAuthentication is STRICT',
  on: ['PeerAuthentication'],
  reads: ['ConfigMap'],
  *check(policy, view) {
    const { namespace, name, spec } = policy
    if (namespace !== meshOf(view).rootNamespace || !hasWorkloadSelector(spec.selector)) return
    yield {
      field: 'spec.selector',
      message: `${namespace}/${name} has a selector in the root namespace, so Istio ignores it`,
      fix: {
        text: 'Move it to the namespace of the pods; gateways take their TLS settings from the Gateway',
        remove: [toRef(policy)]
      }
    }
  }
})
