import { toRef } from '../model/resource.ts'
import { defineCut } from './rule.ts'
import { clientName, portName, serverField } from './words.ts'

export default defineCut({
  id: 'sni-not-served-by-gateway',
  cause: 'sni-not-served',
  summary: 'Clients ask a gateway for a server name that none of its servers lists',
  explain({ client, sent, at }, view) {
    const [entry] = at.servers
    return {
      object: toRef(entry.gateway),
      field: serverField(entry, 'hosts'),
      message: `${clientName(client)} send server name ${sent.sni}, which ${portName(at)} does not list`,
      fix: {
        text:
          `List *.svc.${view.settings.clusterDomain} in hosts: the mesh's server names end in it, ` +
          'and begin with outbound_, so that the exact host does not match'
      }
    }
  }
})
