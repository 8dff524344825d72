import { deploymentMode } from '../kserve/deployment-mode.ts'
import { ingressOf } from '../kserve/kserve.ts'
import { toFullName } from '../text/host.ts'
import { isManagedRoute, withoutHost } from './lib/managed-route.ts'
import { findModelOf } from './lib/model-host.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'virtualservice-host-conflict',
  category: 'latent-outage',
  mode: 'warn',
  summary: 'A VirtualService uses the host of a model; sidecars apply only the oldest',
  symptom: '404 `NR`, 503 or the wrong backend on a model host after an upgrade or a new model',
  on: ['VirtualService'],
  reads: ['InferenceService', 'ConfigMap'],
  *check(route, view) {
    if (isManagedRoute(route)) return
    const { ingressGateway, localGateway } = ingressOf(view).config
    const { namespace, name, spec } = route
    const isBound = spec.gateways.some(one => ['mesh', ingressGateway, localGateway].includes(one))
    if (spec.gateways.length > 0 && !isBound) return
    for (const [i, host] of spec.hosts.entries()) {
      const fullName = toFullName(host, namespace, view.settings.clusterDomain)
      const model = findModelOf(view, fullName)
      // In Standard mode no controller creates VirtualServices.
      if (model === undefined || deploymentMode(view, model) !== 'Knative') continue
      // KServe manages the VirtualService with the name of the model.
      if (model.namespace === namespace && model.name === name) continue
      yield {
        field: `spec.hosts[${i}]`,
        message: `${host} is a model host: sidecars use the older of VirtualService ${namespace}/${name} and KServe's`,
        fix: { text: `Use a host of your own, and leave ${host} to KServe`, ...withoutHost(view, route, fullName) }
      }
    }
  }
})
