import { withAdditionalDomain } from './lib/kserve-ingress.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'address-not-published',
  cause: 'not-published',
  summary: 'An external address of a model is not published any more',
  symptom: '404 `NR` with `route_not_found` at the public gateway for the URL that callers use',
  explain({ address, setting: { object, field, reason }, keptBy }, view) {
    const apply = keptBy === undefined ? [] : withAdditionalDomain(view, keptBy)
    return {
      object,
      field,
      message: `${address} is not published any more: ${reason}`,
      fix: {
        text:
          apply.length === 0
            ? `Keep the former value until no caller uses ${address}`
            : `Add ${keptBy} to additionalIngressDomains of KServe first, until no caller uses ${address}`,
        ...(apply.length > 0 && { apply })
      }
    }
  }
})
