import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

const ISTIO = 'istio.ingress.networking.knative.dev'

export default defineCheck({
  id: 'system-internal-tls-with-istio',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'Knative pods expect TLS (system-internal-tls), but net-istio sends plaintext',
  symptom: '503 from Istio gateways and sidecars to Knative pods (not measured)',
  on: ['ConfigMap'],
  reads: [],
  *check(map, view) {
    if (map.name !== 'config-network' || map.namespace !== view.settings.knativeNamespace) return
    const { 'system-internal-tls': tls, 'internal-encryption': old, ...others } = map.data
    const isOn = tls?.toLowerCase() === 'enabled' || old?.toLowerCase() === 'true'
    if (!isOn || (others['ingress-class'] ?? others['ingress.class'] ?? ISTIO) !== ISTIO) return
    const field = tls === undefined ? 'internal-encryption' : 'system-internal-tls'
    yield {
      field: `data.${field}`,
      message: `${field} makes Knative pods expect TLS, but Istio gateways send them plaintext`,
      fix: {
        text: `Remove ${field}: Istio mTLS already encrypts this hop`,
        apply: [updatedManifest(map, { data: others })]
      }
    }
  }
})
