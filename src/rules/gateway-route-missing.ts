import type { ServerOf } from '../istio/gateway-servers.ts'
import type { VirtualService } from '../istio/virtual-service.ts'
import { knativeGateways } from '../knative/knative.ts'
import { ingressOf } from '../kserve/kserve.ts'
import type { NoRule } from '../request/route-failure.ts'
import { nameOf, type Ref, toRef } from '../state/resource.ts'
import { withGatewayNames } from './lib/kserve-ingress.ts'
import { meshConfigRef } from './lib/mesh-config.ts'
import { hostName, portName, serverField } from './lib/message-parts.ts'
import { type AttributedProblem, defineFailure, type Manifest } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'gateway-route-missing',
  cause: 'no-route',
  summary: 'A gateway accepts the request but has no route for its host',
  symptom: '404 `NR` with `route_not_found` in the access log of the gateway',
  explain(failure, view) {
    if ('object' in failure) return withoutRule(failure)
    const { host, boundTo, hidden, destination, at } = failure
    const [entry] = at.servers
    if (hidden !== undefined) return notExported(hidden, meshConfigRef(view, {}), entry, host)
    if (entry.server.tls?.httpsRedirect) {
      return {
        object: toRef(entry.gateway),
        field: serverField(entry, 'tls.httpsRedirect'),
        message: `${portName(at)} only redirects to HTTPS, and no HTTPS server accepts ${hostName({ host })}`,
        fix: {
          text:
            'Set tls.mode SIMPLE and a certificate on the HTTPS server, which passes TLS through without a mode; ' +
            'until then, remove tls.httpsRedirect',
          apply: [withoutRedirect(entry)]
        }
      }
    }
    const expected = knativeGateways(view).local.find(({ gateway }) => boundTo.includes(gateway))?.service
    const isFromKserve = destination.host === ingressOf(view).config.knativeLocalGatewayService
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'hosts'),
      message: `${portName(at)} has no route for ${hostName({ host })}: another Gateway has it`,
      fix: {
        text: `Send requests to the Service of Gateway ${boundTo.join(', ')}, and cover ${host} in its hosts`,
        apply:
          isFromKserve && expected !== undefined && expected !== destination.host
            ? withGatewayNames(view, { knativeLocalGatewayService: expected })
            : []
      }
    }
  }
})

/** The VirtualService, or the mesh configuration, that hides routes from the gateway. */
function notExported(
  virtualService: VirtualService,
  mesh: Ref,
  { gateway }: ServerOf,
  host: string
): AttributedProblem {
  const isOwn = (virtualService.spec.exportTo ?? []).length > 0
  const name = nameOf(virtualService)
  const message = `${name} is not exported to ${nameOf(gateway)}: 404 for ${hostName({ host })}`
  if (!isOwn) {
    const text = 'Remove defaultVirtualServiceExportTo, or add "*" to it: KServe and Knative set no exportTo'
    return { object: mesh, field: 'data.mesh', message, fix: { text } }
  }
  const { exportTo: _, ...spec } = virtualService.spec
  const fix = { text: `Remove exportTo from ${name}`, apply: [updatedManifest(virtualService, { spec })] }
  return { object: toRef(virtualService), field: 'spec.exportTo', message, fix }
}

/** The HTTPRoute or Ingress of a model that lacks a rule. */
function withoutRule({ host, path = '/', object }: NoRule): AttributedProblem {
  return {
    object,
    field: 'spec.rules',
    message: `${nameOf(object)} has no rule for ${host}${path}`,
    fix: { text: `Add a rule for ${host} whose path matches ${path}` }
  }
}

/** The Gateway with a server that serves HTTP instead of redirecting it. */
function withoutRedirect({ gateway, server }: ServerOf): Manifest {
  const servers = gateway.spec.servers.map(one =>
    one.port === server.port ? { ...one, tls: one.tls && { ...one.tls, httpsRedirect: false } } : one
  )
  return updatedManifest(gateway, { spec: { ...gateway.spec, servers } })
}
