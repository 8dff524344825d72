import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName, sentName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'client-mtls-to-workload-without-sidecar',
  cause: 'mtls-to-workload-without-sidecar',
  summary: 'Clients send TLS to pods without a sidecar',
  symptom: '503 `UF` or `URX,UF` with `TLS_error ... WRONG_VERSION_NUMBER` in the access log of the client',
  explain({ client, sent, destination, at }, view) {
    const { namespace, proxy } = at.workload
    const why = proxy === 'none' ? 'have no sidecar' : 'exclude the port from it'
    const [sends, mode] = at.servesTls ? (['TLS', 'SIMPLE'] as const) : (['plaintext', 'DISABLE'] as const)
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} send ${sentName(sent)} to ${hostName(destination)}, whose pods in ${namespace} ${why}`,
      fix: {
        text: `Inject a sidecar into the pods in ${namespace}, or let clients of this host send ${sends}`,
        apply: [clientDestinationRule(view, sent, destination, mode)]
      }
    }
  }
})
