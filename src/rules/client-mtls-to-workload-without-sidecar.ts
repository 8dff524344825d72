import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { clientName, clientTlsSource, hostName, sentName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'client-mtls-to-workload-without-sidecar',
  cause: 'mtls-to-workload-without-sidecar',
  summary: 'Clients send TLS to pods that have no sidecar to take it',
  explain({ client, sent, destination, server }, view) {
    const { namespace, proxy } = server.workload
    const why = proxy === 'none' ? 'have no sidecar' : 'lead it past their sidecar'
    return {
      ...clientTlsSource(sent, destination),
      message: `${clientName(client)} send ${sentName(sent)} to ${hostName(destination)}, whose pods in ${namespace} ${why}`,
      fix: {
        text: `Give the pods in ${namespace} a sidecar, or let clients of this host send plaintext as below`,
        apply: [clientDestinationRule(view, sent, destination, 'DISABLE')]
      }
    }
  }
})
