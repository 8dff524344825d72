import { findDestinationRule } from '../istio/destination-rule.ts'
import { meshOf } from '../istio/mesh.ts'
import { revisionOf } from '../kserve/inference-service.ts'
import { ANY_MESH_CLIENT } from '../request/callers.ts'
import { meshConfigMap } from '../state/discovery.ts'
import type { View } from '../state/snapshot.ts'
import { serviceHost } from '../text/host.ts'
import { MODEL_KINDS, type ModelPod, modelPods, modelsOf } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

const DISABLED = /^enableAutoMtls:.*$/m

export default defineCheck({
  id: 'auto-mtls-disabled',
  category: 'exposure',
  mode: 'warn',
  summary: 'Auto mTLS is off and no DestinationRule sets mTLS: clients send plaintext',
  symptom: '`istio_requests_total` shows `connection_security_policy="none"`, or 503 `UC` once pods are STRICT',
  on: ['ConfigMap'],
  reads: [...MODEL_KINDS, 'DestinationRule'],
  *check(map, view) {
    const installation = view.settings.installations.istio.find(
      one => one.namespace === map.namespace && meshConfigMap(one.revision) === map.name
    )
    if (installation === undefined || meshOf(view, installation).autoMtls) return
    const exposed = modelPods(view).filter(
      one => one.pod.proxy === 'sidecar' && !hasTls(view, one, installation.revision)
    )
    const models = modelsOf(exposed)
    const [first] = models
    if (first === undefined) return
    const { mesh = '' } = map.data
    const enabled = mesh.replace(DISABLED, 'enableAutoMtls: true')
    yield {
      field: 'data.mesh',
      message: `enableAutoMtls is false: sidecars send plaintext to models such as ${first}`,
      fix: {
        text: 'Set enableAutoMtls: true, its default; DestinationRules that set TLS still take precedence',
        apply: enabled === mesh ? [] : [updatedManifest(map, { data: { ...map.data, mesh: enabled } })]
      },
      exposes: 'plaintext-sent',
      models
    }
  }
})

/** True if a DestinationRule sets the TLS of clients in other namespaces, for any port. */
function hasTls(
  view: View<'DestinationRule' | 'ConfigMap'>,
  { service, component }: ModelPod,
  revision: string
): boolean {
  const name = component.mode === 'Knative' ? revisionOf(service, component) : component.service
  const { namespace } = service
  const host = serviceHost(namespace, name, view.settings.clusterDomain)
  const policy = findDestinationRule(view, { ...ANY_MESH_CLIENT, revision }, { host, namespace })?.trafficPolicy
  return policy?.tls !== undefined || policy?.portLevelSettings.some(({ tls }) => tls !== undefined) === true
}
