import { knativeGateways } from '../knative/knative.ts'
import { nameOf } from '../state/resource.ts'
import { hasLabels } from '../text/selector.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'knative-probe-blocked-by-mtls',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'Knative probes a gateway port that requires mTLS, so no route becomes ready',
  symptom: 'new InferenceServices never become Ready: `Waiting for load balancer to be ready`',
  on: ['Gateway'],
  reads: ['Service', 'ConfigMap'],
  *check({ namespace, name, spec }, view) {
    const isMutual = spec.servers.some(({ tls }) => tls?.mode === 'ISTIO_MUTUAL')
    if (!isMutual) return
    const { external, local } = knativeGateways(view)
    if (![...external, ...local].some(({ gateway }) => gateway === `${namespace}/${name}`)) return
    const probed = view.list('Service').filter(({ labels }) => hasLabels(labels, spec.selector))
    for (const [i, { port, tls }] of spec.servers.entries()) {
      const service = probed.find(one => one.spec.ports.some(({ port: number }) => number === port.number))
      if (tls?.mode !== 'ISTIO_MUTUAL' || service === undefined) continue
      yield {
        field: `spec.servers[${i}].tls.mode`,
        message: `Knative probes port ${port.number} of ${nameOf(service)} without a certificate: no route becomes ready`,
        fix: { text: `Accept mTLS on a port that ${nameOf(service)} does not have, or use tls.mode SIMPLE` }
      }
    }
  }
})
