import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { admitTls } from './lib/tls-application.ts'

export default defineFailure({
  id: 'client-tls-to-sidecar',
  cause: 'foreign-tls-to-sidecar',
  summary: 'Clients send non-Istio TLS to a port behind a sidecar',
  symptom: '503 `UF` with `Connection_reset_by_peer`, `CERTIFICATE_VERIFY_FAILED` or `WRONG_VERSION_NUMBER`',
  explain({ client, sent, destination, at }, view) {
    const admit = admitTls(at, destination)
    const rejects = admit === undefined ? 'application accepts only plaintext' : 'sidecars reject it'
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} send non-Istio TLS to ${hostName(destination)}, whose ${rejects}`,
      fix: (at.servesTls === true && admit) || {
        text: 'Set tls.mode ISTIO_MUTUAL, or remove tls: auto mTLS then applies',
        apply: [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    }
  }
})
