import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'client-tls-to-sidecar',
  cause: 'foreign-tls-to-sidecar',
  summary: "Clients send TLS that is not the mesh's to a port that a sidecar serves",
  explain({ client, sent, destination }, view) {
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} send foreign TLS to ${hostName(destination)}, whose sidecars take the mesh's alone`,
      fix: {
        text: 'Use tls.mode ISTIO_MUTUAL, or leave tls out: sidecars then agree by themselves',
        apply: [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    }
  }
})
