import { nameOf, toRef } from '../state/resource.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { clientName, portName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { senderProblem } from './lib/unrouted-sender.ts'

export default defineFailure({
  id: 'plaintext-to-mtls-gateway',
  cause: 'plaintext-to-mtls-listener',
  summary: 'Clients send plaintext to a gateway port that accepts only TLS',
  symptom: '503 `UC` with `upstream_reset_before_response_started`, or connection reset for clients without a sidecar',
  explain(failure, view, changed) {
    const sender = changed?.kind === 'Gateway' ? undefined : senderProblem(failure, view)
    if (sender !== undefined) return sender
    const { client, at } = failure
    const [entry] = at.servers
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'tls.mode'),
      message: `${clientName(client)} send plaintext to ${portName(at)}, which accepts only TLS`,
      fix: {
        text: `Update ${nameOf(entry.gateway)} to accept both mTLS and plaintext, which sidecars send to gateways by default`,
        apply: [dualModeGateway(entry, view.settings.clusterDomain)]
      }
    }
  }
})
