import type { ClientSide } from '../istio/client.ts'
import type { PeerAuthentication } from '../istio/peer-authentication.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { Workload } from '../state/workload.ts'
import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'plaintext-to-strict-workload',
  cause: 'plaintext-to-strict-workload',
  summary: 'Clients send plaintext to pods that accept only mTLS',
  explain({ client, sent, destination, at }, view) {
    const isRule = sent.reason === 'destination-rule' || sent.reason === 'credential-ignored'
    return {
      ...clientTlsSource(sent, destination, { object: toRef(at), field: 'spec.mtls.mode' }),
      message: `${clientName(client)} send plaintext to ${hostName(destination)} (STRICT: ${nameOf(at)})`,
      fix: {
        text: suggestFix(sent, client, at),
        apply: isRule ? [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')] : []
      }
    }
  }
})

function suggestFix(sent: ClientSide, client: Workload, strict: PeerAuthentication): string {
  switch (sent.reason) {
    case 'destination-rule':
      return `Set tls.mode ISTIO_MUTUAL in ${nameOf(sent.destinationRule)}, or remove tls`
    case 'credential-ignored':
      return `Set tls.mode ISTIO_MUTUAL in ${nameOf(sent.destinationRule)}: sidecars ignore credentialName`
    case 'peer-disabled':
      return `Set ${nameOf(sent.policy)} to PERMISSIVE: clients use the mode of the namespace`
    case 'auto-mtls-off':
      return 'Set enableAutoMtls: true in the mesh configuration, or first add a DestinationRule with ISTIO_MUTUAL'
    case 'no-proxy':
      return client.namespace === ''
        ? `Keep ${nameOf(strict)} PERMISSIVE while callers without a sidecar exist`
        : `First label namespace ${client.namespace} istio-injection=enabled and restart ${clientName(client)}`
    default:
      return 'First inject a sidecar into every pod of the Service, with the label that injection sets'
  }
}
