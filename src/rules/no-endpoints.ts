import { nameOf } from '../state/resource.ts'
import { withKnativeNames } from './lib/kserve-ingress.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'no-endpoints',
  cause: 'no-endpoints',
  summary: 'A Service or Gateway on the request path does not exist or has no endpoints',
  explain({ address }, view) {
    return {
      object: address,
      field: 'spec.selector',
      message: `${nameOf(address)} is on the request path, but does not exist or has no endpoints`,
      fix: {
        text: `Keep ${nameOf(address)}, or first configure another one in KServe and Knative`,
        apply: withKnativeNames(view)
      }
    }
  }
})
