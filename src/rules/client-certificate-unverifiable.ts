import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'client-certificate-unverifiable',
  cause: 'certificate-unknown',
  mode: 'warn',
  summary: "Clients bring a certificate of their own to a server that wants the mesh's",
  explain({ client, sent, destination }, view) {
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} bring their own certificate to ${hostName(destination)}, which wants the mesh's`,
      fix: {
        text: "Use tls.mode ISTIO_MUTUAL; MUTUAL works only if the files hold the mesh's own certificates",
        apply: [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    }
  }
})
