import { clientRule } from './client-rule.ts'
import { defineCut } from './rule.ts'
import { blameSender, clientName, hostName, sentName } from './words.ts'

export default defineCut({
  id: 'client-mtls-to-workload-without-sidecar',
  cause: 'mtls-to-workload-without-sidecar',
  summary: 'Clients send TLS to pods that have no sidecar to take it',
  explain({ client, sent, destination, server }, view) {
    const { namespace, proxy } = server.workload
    const why = proxy === 'none' ? 'have no sidecar' : 'lead it past their sidecar'
    return {
      ...blameSender(sent, destination),
      message: `${clientName(client)} send ${sentName(sent)} to ${hostName(destination)}, whose pods in ${namespace} ${why}`,
      fix: {
        text: `Give the pods in ${namespace} a sidecar, or let clients of this host send plaintext as below`,
        apply: [clientRule(view, sent, destination, 'DISABLE')]
      }
    }
  }
})
