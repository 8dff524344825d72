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
    const gateway = view.get('KubernetesGateway', client.namespace, client.labels[GATEWAY_NAME] ?? '')
    const pod: Ref = { apiVersion: 'v1', kind: 'Pod', namespace, name }
    const binding: Ref =
      labels[USE_WAYPOINT] === undefined ? { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: namespace } : pod
    const isChanged = gateway !== undefined && changed?.kind === 'KubernetesGateway'
    return {
      object: isChanged ? toRef(gateway) : binding,
      field: `metadata.labels[${isChanged ? WAYPOINT_FOR : USE_WAYPOINT}]`,
      message: `${clientName(client)} sends HBONE to pods of ${hostName(destination)} in ${namespace}, which take none`,
      fix: {
        text: `Let ${gateway === undefined ? 'the waypoint' : nameOf(gateway)} handle requests to Services only, or the pods join ambient mode`,
        apply:
          gateway === undefined
            ? []
            : [
                updatedManifest(gateway, {
                  spec: gateway.spec,
                  labels: { ...gateway.labels, [WAYPOINT_FOR]: 'service' }
                })
              ]
      }
    }
  }
})
