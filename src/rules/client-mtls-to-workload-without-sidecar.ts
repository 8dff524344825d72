import { defineCut } from './rule.ts'
import { blameSender, clientName, exactRule, hostName, sentName } from './words.ts'

export default defineCut({
  id: 'client-mtls-to-workload-without-sidecar',
  cause: 'mtls-to-workload-without-sidecar',
  summary: 'Clients send TLS to pods that have no sidecar to take it',
  explain({ client, sent, destination, server }) {
    const blame = blameSender(sent, destination)
    const { namespace } = server.workload
    return {
      ...blame,
      message: `${clientName(client)} send ${sentName(sent)} to ${hostName(destination)}, whose pods in ${namespace} have no sidecar`,
      fix: {
        text: `Give the pods in ${namespace} a sidecar, or let clients of this host send plaintext as below`,
        apply: [exactRule(blame.object, destination, 'DISABLE')]
      }
    }
  }
})
