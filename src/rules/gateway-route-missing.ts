import { toRef } from '../model/resource.ts'
import { defineCut } from './rule.ts'
import { portName, serverField } from './words.ts'

export default defineCut({
  id: 'gateway-route-missing',
  cause: 'no-route',
  summary: 'A gateway takes the request, but has no route for its host',
  explain({ host, boundTo, at }) {
    const [entry] = at.servers
    const redirects = entry.server.tls?.httpsRedirect === true
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, redirects ? 'tls.httpsRedirect' : 'hosts'),
      message: redirects
        ? `${portName(at)} only redirects to HTTPS, and no server there takes ${host}`
        : `${portName(at)} has no route for ${host}: it is bound to Gateway ${boundTo.join(', ')}`,
      fix: {
        text: redirects
          ? 'Give the HTTPS server a certificate and tls.mode SIMPLE; without a mode it passes TLS through'
          : `Send to the Service of Gateway ${boundTo.join(', ')}, and let its hosts cover ${host}`
      }
    }
  }
})
