import { nameOf, toRef } from '../state/resource.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'webhook-behind-strict-mtls',
  cause: 'webhook-refused',
  summary: 'The API server cannot call a webhook whose pods accept only mTLS',
  symptom: '`failed calling webhook` or `conversion webhook ... failed`: `connection reset by peer`',
  explain({ configuration, webhook, pod, port, selector, at }) {
    const [name = pod.name] = Object.values(selector)
    const isConversion = configuration.kind === 'CustomResourceDefinition'
    const failed = isConversion ? `Conversion of ${webhook} fails` : `Webhook ${webhook} is unreachable`
    const why = at === undefined ? `Istio treats port ${port} of its pods as HTTP` : `${nameOf(at)} is STRICT`
    return {
      object: at === undefined ? configuration : toRef(at),
      field: at === undefined ? (isConversion ? 'spec.conversion' : 'webhooks') : 'spec.mtls.mode',
      message: `${failed}: ${why}`,
      fix: {
        text: `First exempt port ${port} of the webhook pods`,
        apply: [
          {
            apiVersion: 'security.istio.io/v1',
            kind: 'PeerAuthentication',
            metadata: { name, namespace: pod.namespace },
            spec: { selector: { matchLabels: selector }, portLevelMtls: { [port]: { mode: 'PERMISSIVE' } } }
          }
        ]
      }
    }
  }
})
