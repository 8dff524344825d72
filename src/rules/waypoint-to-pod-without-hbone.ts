import type { KubernetesGateway } from '../gateway-api/listeners.ts'
import { USE_WAYPOINT, WAYPOINT_FOR } from '../gateway-api/waypoint.ts'
import { GATEWAY_NAME } from '../istio/policy-target.ts'
import { nameOf, type Ref, toRef } from '../state/resource.ts'
import { clientName, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'waypoint-to-pod-without-hbone',
  cause: 'hbone-not-accepted',
  summary: 'A waypoint for pod addresses handles requests to pods outside ambient mode',
  symptom: '503 `UF` with `delayed_connect_error: Connection_refused` in the access log of the waypoint',
  explain({ client, destination, at: { workload } }, view, changed) {
    const { namespace, name, labels } = workload
    // It is bound, so it exists.
    const gateway = view.get(
      'KubernetesGateway',
      client.namespace,
      `${client.labels[GATEWAY_NAME]}`
    ) as KubernetesGateway
    const pod: Ref = { apiVersion: 'v1', kind: 'Pod', namespace, name }
    const ofNamespace: Ref = { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: namespace }
    const isChanged = changed?.kind === 'KubernetesGateway'
    return {
      object: isChanged ? toRef(gateway) : labels[USE_WAYPOINT] === undefined ? ofNamespace : pod,
      field: `metadata.labels[${isChanged ? WAYPOINT_FOR : USE_WAYPOINT}]`,
      message: `${clientName(client)} sends HBONE to pods of ${hostName(destination)} in ${namespace}, which take none`,
      fix: {
        text: `Let ${nameOf(gateway)} handle requests to Services only, or the pods join ambient mode`,
        apply: [
          updatedManifest(gateway, { spec: gateway.spec, labels: { ...gateway.labels, [WAYPOINT_FOR]: 'service' } })
        ]
      }
    }
  }
})
