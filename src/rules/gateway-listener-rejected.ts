import { toRef } from '../state/resource.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { portName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'gateway-listener-rejected',
  cause: 'listener-rejected',
  summary: 'Two servers of a gateway port have the same filter chain match',
  symptom: '503 `URX,UF` with `delayed_connect_error: Connection_refused`, or connection refused',
  explain({ at }, view) {
    const [entry] = at.servers
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'hosts'),
      message: `${portName(at)} has a duplicate filter chain match: Envoy rejects the listener`,
      fix: {
        text: 'Give the TLS server narrower hosts than the other, such as *.svc.cluster.local, and put it first',
        apply: [dualModeGateway(entry, view.settings.clusterDomain)]
      }
    }
  }
})
