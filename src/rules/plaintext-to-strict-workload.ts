import type { ClientSide } from '../model/client.ts'
import type { PeerAuthentication } from '../model/peer-authentication.ts'
import { nameOf, toRef } from '../model/resource.ts'
import type { Workload } from '../model/workload.ts'
import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'plaintext-to-strict-workload',
  cause: 'plaintext-to-strict-workload',
  summary: 'Clients send plaintext to pods that take mTLS alone',
  explain({ client, sent, destination, at }, view) {
    const isRule = sent.reason === 'rule' || sent.reason === 'credential-ignored'
    return {
      ...clientTlsSource(sent, destination, { object: toRef(at), field: 'spec.mtls.mode' }),
      message: `${clientName(client)} send plaintext to ${hostName(destination)}, STRICT by ${nameOf(at)}`,
      fix: {
        text: suggestFix(sent, client, at),
        apply: isRule ? [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')] : []
      }
    }
  }
})

function suggestFix(sent: ClientSide, client: Workload, strict: PeerAuthentication): string {
  switch (sent.reason) {
    case 'rule':
      return `Set tls.mode ISTIO_MUTUAL in ${nameOf(sent.rule)}, or leave tls out`
    case 'credential-ignored':
      return `Set tls.mode ISTIO_MUTUAL in ${nameOf(sent.rule)}: sidecars get no credential by name`
    case 'peer-disabled':
      return `Set ${nameOf(sent.policy)} to PERMISSIVE: clients go by the namespace's mode`
    case 'auto-mtls-off':
      return 'Set enableAutoMtls: true in the mesh configuration, or add a DestinationRule with ISTIO_MUTUAL first'
    case 'no-proxy':
      return client.namespace === ''
        ? `Leave ${nameOf(strict)} PERMISSIVE while callers without a sidecar are there`
        : `Label namespace ${client.namespace} istio-injection=enabled and restart ${clientName(client)} first`
    default:
      return `Give every pod behind the Service a sidecar first, with the label that it sets itself`
  }
}
