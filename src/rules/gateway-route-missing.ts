import { knativeGateways } from '../model/knative.ts'
import { ingressOf } from '../model/kserve.ts'
import { toRef } from '../model/resource.ts'
import { withGatewayNames } from './lib/kserve-ingress.ts'
import { hostName, portName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'gateway-route-missing',
  cause: 'no-route',
  summary: 'A gateway takes the request, but has no route for its host',
  explain({ host, boundTo, destination, at }, view) {
    const [entry] = at.servers
    if (entry.server.tls?.httpsRedirect) {
      return {
        object: toRef(entry.gateway),
        field: serverField(entry, 'tls.httpsRedirect'),
        message: `${portName(at)} only redirects to HTTPS, and no server there takes ${hostName({ host })}`,
        fix: {
          text: 'Give the HTTPS server a certificate and tls.mode SIMPLE; without a mode it passes TLS through'
        }
      }
    }
    const right = knativeGateways(view).local.find(({ gateway }) => boundTo.includes(gateway))?.service
    const isKserves = destination.host === ingressOf(view).config.knativeLocalGatewayService
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'hosts'),
      message: `${portName(at)} has no route for ${hostName({ host })}: it is bound elsewhere`,
      fix: {
        text: `Send to the Service of Gateway ${boundTo.join(', ')}, and let its hosts cover ${host}`,
        apply:
          isKserves && right !== destination.host ? withGatewayNames(view, { knativeLocalGatewayService: right }) : []
      }
    }
  }
})
