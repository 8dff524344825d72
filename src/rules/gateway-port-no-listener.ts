import { appliesTo, resolvePort } from '../istio/gateway-servers.ts'
import { knativeGateways } from '../knative/knative.ts'
import { targetsOf } from '../kubernetes/service.ts'
import { toServiceRef } from '../request/service-resolution.ts'
import { nameOf, toRef } from '../state/resource.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'gateway-port-no-listener',
  cause: 'no-listener',
  summary: 'A Service targets a gateway port on which Envoy has no listener',
  symptom: '503 `URX,UF` with `delayed_connect_error: Connection_refused`, or connection refused',
  explain({ destination, server: { workload }, at }, view) {
    const targets = targetsOf(view, workload)
    const [nonHttp] = view
      .list('Gateway')
      .filter(gateway => appliesTo(gateway, workload))
      .flatMap(gateway => gateway.spec.servers.map(server => ({ gateway, server })))
      .filter(({ server }) => resolvePort(targets, server.port.number) === at)
    if (nonHttp === undefined) {
      const service = toServiceRef(destination.host)
      return {
        object: service,
        field: 'spec.ports',
        message: `${nameOf(service)} port ${destination.port} targets port ${at}, on which no Gateway listens`,
        fix: { text: `Keep a Gateway with a server on port ${at} that selects these pods` }
      }
    }
    const { gateway } = nonHttp
    const isLocal = knativeGateways(view).local.some(one => one.gateway === `${gateway.namespace}/${gateway.name}`)
    return {
      object: toRef(gateway),
      field: 'spec.servers',
      message: `${nameOf(gateway)} has no HTTP server on port ${at}, so Envoy has no listener there`,
      fix: {
        text: 'Use protocol HTTP without tls, or HTTPS with tls.mode SIMPLE or ISTIO_MUTUAL; the default is PASSTHROUGH',
        apply: isLocal ? [dualModeGateway(nonHttp, view.settings.clusterDomain)] : []
      }
    }
  }
})
