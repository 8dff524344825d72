import { nameOf } from '../model/resource.ts'
import { withKnativesNames } from './kserve-ingress.ts'
import { defineCut } from './rule.ts'

export default defineCut({
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
        apply: withKnativesNames(view)
      }
    }
  }
})
