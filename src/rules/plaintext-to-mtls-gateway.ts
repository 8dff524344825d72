import { nameOf, toRef } from '../model/resource.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { clientName, portName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'plaintext-to-mtls-gateway',
  cause: 'plaintext-to-mtls-listener',
  summary: 'Clients send plaintext to a gateway port that takes TLS alone',
  explain({ client, at }, view) {
    const [entry] = at.servers
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'tls.mode'),
      message: `${clientName(client)} send plaintext to ${portName(at)}, which takes TLS`,
      fix: {
        text: `Let ${nameOf(entry.gateway)} serve both; without a DestinationRule sidecars send plaintext to gateways`,
        apply: [dualModeGateway(entry, view.settings.clusterDomain)]
      }
    }
  }
})
