import { FOR_INGRESS } from '../gateway-api/waypoint.ts'
import { waypointsBefore } from '../gateway-api/waypoint-pod.ts'
import { actionOf, authorize, policiesFor } from '../istio/authorization.ts'
import { meshOf } from '../istio/mesh.ts'
import { callTo } from '../kserve/inference-request.ts'
import { componentsOf, entryOf } from '../kserve/inference-service.ts'
import { HTTP_PORT } from '../kubernetes/service.ts'
import type { CallResult } from '../request/hop.ts'
import { pathsOf } from '../request/inference-service-paths.ts'
import { isOpen } from '../request/request-path.ts'
import { nameOf } from '../state/resource.ts'
import { identityOf } from '../state/workload.ts'
import { serviceHost } from '../text/host.ts'
import { clientName } from './lib/message-parts.ts'
import { GATEWAY_PATH_KINDS } from './lib/model-pods.ts'
import { defineCheck } from './lib/rule.ts'

export default defineCheck({
  id: 'waypoint-bypassed',
  category: 'exposure',
  mode: 'warn',
  summary: 'Gateways or sidecars bypass the policies of a waypoint',
  symptom: '200 instead of 403 for callers that an AuthorizationPolicy of the waypoint should deny',
  on: ['InferenceService'],
  reads: ['KubernetesGateway', 'GatewayClass', 'Ingress', 'IngressClass', ...GATEWAY_PATH_KINDS],
  *check(service, view) {
    const component = entryOf(componentsOf(view, service))
    if (component?.mode !== 'Standard') return
    const { namespace, name } = service
    const host = serviceHost(namespace, component.service, view.settings.clusterDomain)
    const destination = { host, namespace, port: HTTP_PORT, headless: false, endpoints: [] }
    const [waypoint] = waypointsBefore(view, destination)
    if (waypoint === undefined) return
    const policy = policiesFor(view, waypoint).find(one => actionOf(one) !== 'AUDIT')
    if (policy === undefined) return
    const to = { address: undefined, port: HTTP_PORT }
    const call = { ...callTo(view, service, host, undefined), from: undefined, to, sni: undefined, http: true }
    const isDenied = ({ client, via }: CallResult) =>
      via === undefined &&
      authorize(view, waypoint, { ...call, identity: identityOf(client, meshOf(view).trustDomain) }).is !== 'allowed'
    const found = pathsOf(view, service)
      .filter(path => path.expected && (path.caller === 'external' || path.from !== undefined) && isOpen(path))
      .flatMap(({ hops }) => hops.slice(-1).flatMap(({ calls }) => calls))
      .find(isDenied)
    if (found === undefined) return
    yield {
      field: `spec.${component.name}`,
      message: `${nameOf(policy)} is bypassed: ${clientName(found.client)} reach ${namespace}/${name} without the waypoint`,
      fix: {
        text: `Label the Service ${FOR_INGRESS}: "true", or let an AuthorizationPolicy allow only the waypoint at the pods`
      },
      exposes: 'policy-not-enforced'
    }
  }
})
