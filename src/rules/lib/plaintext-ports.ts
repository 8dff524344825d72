import type { PeerAuthentication } from '../../istio/peer-authentication.ts'
import { hasWorkloadSelector } from '../../istio/peer-authentication.ts'
import type { ServerSide } from '../../istio/server.ts'
import { METRICS_PORT, QUEUE_PORT } from '../../kserve/inference-service.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

const MODEL_LABEL = 'serving.kserve.io/inferenceservice'

/**
 * PeerAuthentication that accepts plaintext on the ports of a model's pods that a client without a sidecar calls: the
 * effective one if it selects pods, else a new one for the pods of the model. None for pods of no model.
 */
export function plaintextPorts(server: ServerSide, effective: PeerAuthentication): readonly Manifest[] {
  const { workload } = server
  const model = workload.labels[MODEL_LABEL]
  if (model === undefined || server.at !== 'sidecar') return []
  const { port } = server
  const ports = port === QUEUE_PORT || port === METRICS_PORT ? [QUEUE_PORT, METRICS_PORT] : [port]
  const portLevelMtls = Object.fromEntries(ports.map(one => [String(one), { mode: 'PERMISSIVE' }]))
  if (hasWorkloadSelector(effective.spec.selector)) {
    const all = { ...effective.spec.portLevelMtls, ...portLevelMtls }
    return [updatedManifest(effective, { spec: { ...effective.spec, portLevelMtls: all } })]
  }
  return [
    {
      apiVersion: effective.apiVersion,
      kind: 'PeerAuthentication',
      metadata: { name: `${model}-plaintext-ports`, namespace: workload.namespace },
      spec: { selector: { matchLabels: { [MODEL_LABEL]: model } }, portLevelMtls }
    }
  ]
}
