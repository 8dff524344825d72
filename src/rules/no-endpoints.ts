import { GATEWAY_GROUP } from '../istio/policy-target.ts'
import { nameOf } from '../state/resource.ts'
import { withKnativeNames } from './lib/kserve-ingress.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'no-endpoints',
  cause: 'no-endpoints',
  summary: 'A Service or Gateway on the request path does not exist or has no endpoints',
  symptom: '503 `UH` with `no healthy upstream`',
  explain({ address }, view) {
    const message = `${nameOf(address)} is on the request path, but does not exist or has no endpoints`
    if (address.apiVersion.startsWith(GATEWAY_GROUP)) {
      const text = `Keep ${nameOf(address)}, or first set kserveIngressGateway of KServe to another Gateway`
      return { object: address, field: 'spec', message, fix: { text } }
    }
    return {
      object: address,
      field: 'spec.selector',
      message,
      fix: {
        text: `Keep ${nameOf(address)}, or first configure another one in KServe and Knative`,
        apply: withKnativeNames(view)
      }
    }
  }
})
