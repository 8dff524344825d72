import { meshOf } from '../istio/mesh.ts'
import { meshPolicy } from '../istio/peer-authentication.ts'
import { defaultDeploymentMode, deploymentMode } from '../kserve/deployment-mode.ts'
import { findKserveConfig, ingressOf } from '../kserve/kserve.ts'
import { findLocalGateway } from '../request/local-gateway.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'strict-mesh-plain-local-gateway',
  category: 'latent-outage',
  mode: 'deny',
  summary: 'The mesh is STRICT, but the local gateway accepts only plaintext',
  symptom: 'none today; 503 `UF` for every model as soon as a DestinationRule enables mTLS to the local gateway',
  on: ['PeerAuthentication'],
  reads: ['Gateway', 'Service', 'Pod', 'EndpointSlice', 'ConfigMap', 'InferenceService'],
  *check(subject, view) {
    const { mode, by } = meshPolicy(view, meshOf(view).rootNamespace)
    if (mode !== 'STRICT' || by !== subject) return
    // Without KServe's configuration it is unknown whether models pass the gateway.
    if (findKserveConfig(view) === undefined) return
    if (ingressOf(view).config.disableIstioVirtualHost) return
    const gateway = findLocalGateway(view)
    if (gateway?.plaintext === undefined || gateway.istioMtls !== undefined) return
    const models = view.list('InferenceService').filter(model => deploymentMode(view, model) === 'Knative')
    if (defaultDeploymentMode(view) !== 'Knative' && models.length === 0) return

    const names = models.map(({ namespace, name }) => `${namespace}/${name}`)
    const [entry] = gateway.plaintext.servers
    const name = `${entry.gateway.namespace}/${entry.gateway.name}`
    yield {
      field: 'spec.mtls.mode',
      message: `Mesh-wide STRICT, but ${name} accepts only plaintext${affected(models.length)}`,
      fix: {
        text:
          `First let ${name} accept mTLS and plaintext on port ${entry.server.port.number}. ` +
          'Then re-apply this change. ' +
          `Traffic works today; it breaks${forModels(names)} as soon as a DestinationRule enables mTLS to this gateway.`,
        apply: [dualModeGateway(entry, view.settings.clusterDomain)]
      },
      models: names
    }
  }
})

/** More models are counted. */
const MAX_NAMED_MODELS = 3

function forModels(names: readonly string[]): string {
  if (names.length === 0) return ''
  const more = names.length - MAX_NAMED_MODELS
  return ` for ${names.slice(0, MAX_NAMED_MODELS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function affected(models: number): string {
  return models === 0 ? '' : ` (${models} ${models === 1 ? 'model' : 'models'} affected)`
}
