import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { admitTls, originateTls } from './lib/tls-application.ts'

export default defineFailure({
  id: 'plaintext-to-tls-application',
  cause: 'plaintext-to-tls-application',
  summary: 'Clients send plaintext HTTP to an application that serves only TLS',
  symptom: '503 `UC`, or 400 with `Client sent an HTTP request to an HTTPS server`',
  explain({ client, sent, destination, at }, view) {
    const admit = admitTls(at, destination)
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} send plaintext to ${hostName(destination)}, whose application serves TLS`,
      fix:
        admit !== undefined && admit.apply === undefined
          ? admit
          : {
              text: 'Let clients of this host send TLS; replace insecureSkipVerify by caCertificates if the CA is known',
              apply: [...(admit?.apply ?? []), originateTls(view, client, sent, destination)]
            }
    }
  }
})
