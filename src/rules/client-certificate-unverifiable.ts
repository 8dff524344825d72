import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'client-certificate-unverifiable',
  cause: 'certificate-unknown',
  mode: 'warn',
  summary: 'Clients send a custom certificate, but the server requires an Istio one',
  symptom: '503 `UF` with `CERTIFICATE_VERIFY_FAILED` in the access log of the client',
  explain({ client, sent, destination }, view) {
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} send a custom certificate to ${hostName(destination)}, which requires an Istio one`,
      fix: {
        text: 'Set tls.mode ISTIO_MUTUAL; MUTUAL works only if the files hold Istio workload certificates',
        apply: [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    }
  }
})
