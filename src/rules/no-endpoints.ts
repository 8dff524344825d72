import { nameOf } from '../model/resource.ts'
import { withKnativeNames } from './lib/kserve-ingress.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'no-endpoints',
  cause: 'no-endpoints',
  summary: 'A Service or Gateway on the path does not exist, or has no pods',
  explain({ address }, view) {
    return {
      object: address,
      field: 'spec.selector',
      message: `${nameOf(address)} is on the path of requests, but does not exist or leads to no pod`,
      fix: {
        text: `Keep ${nameOf(address)}, or name another one in KServe's and Knative's configuration first`,
        apply: withKnativeNames(view)
      }
    }
  }
})
