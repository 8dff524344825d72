import { deploymentMode } from '../model/deployment-mode.ts'
import { findKserveConfig, ingressOf } from '../model/kserve.ts'
import { findLocalGateway } from '../model/local-gateway.ts'
import { meshOf } from '../model/mesh.ts'
import { meshPolicy } from '../model/peer-authentication.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { defineCheck } from './lib/rule.ts'

/** So many models are named in the message; the rest are counted. */
const MAX_NAMED_MODELS = 3

export default defineCheck({
  id: 'strict-mesh-plain-local-gateway',
  severity: 'latent',
  mode: 'deny',
  summary: 'The whole mesh is STRICT while the local gateway takes plain HTTP alone',
  on: ['PeerAuthentication'],
  reads: ['Gateway', 'Service', 'Pod', 'EndpointSlice', 'ConfigMap', 'InferenceService'],
  *check(subject, view) {
    const { mode, by } = meshPolicy(view, meshOf(view).rootNamespace)
    if (mode !== 'STRICT' || by !== subject) return
    if (ingressOf(view).config.disableIstioVirtualHost) return
    const gateway = findLocalGateway(view)
    if (gateway?.plain === undefined || gateway.mesh !== undefined) return
    const models = view.list('InferenceService').filter(model => deploymentMode(view, model) === 'Knative')
    if (findKserveConfig(view) === undefined && models.length === 0) return

    const [entry] = gateway.plain.servers
    const name = `${entry.gateway.namespace}/${entry.gateway.name}`
    yield {
      field: 'spec.mtls.mode',
      message: `STRICT mesh, but ${count(models)} pass plain HTTP at ${name}`,
      fix: {
        text:
          `Let Gateway ${name} serve both first, then apply this again. Nothing is cut yet: ` +
          'it will be when a client DestinationRule asks for mTLS there',
        apply: [dualModeGateway(entry, view.settings.clusterDomain)]
      },
      models: models.map(({ namespace, name }) => `${namespace}/${name}`)
    }
  }
})

function count(models: readonly { readonly namespace: string; readonly name: string }[]): string {
  if (models.length === 0) return 'models'
  const names = models.slice(0, MAX_NAMED_MODELS).map(({ namespace, name }) => `${namespace}/${name}`)
  return models.length > MAX_NAMED_MODELS
    ? `${names.join(', ')} and ${models.length - MAX_NAMED_MODELS} more`
    : names.join(', ')
}
