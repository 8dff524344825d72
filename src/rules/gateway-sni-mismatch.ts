import { toRef } from '../model/resource.ts'
import { clientName, portName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'gateway-sni-mismatch',
  cause: 'sni-not-served',
  summary: 'Clients ask a gateway for a server name that none of its servers lists',
  explain({ client, sent, at }, view) {
    const [entry] = at.servers
    const { gateway } = entry
    const wanted = `*.svc.${view.settings.clusterDomain}`
    const servers = gateway.spec.servers.map(one =>
      one.port === entry.server.port ? { ...one, hosts: [...one.hosts, wanted] } : one
    )
    return {
      object: toRef(gateway),
      field: serverField(entry, 'hosts'),
      message: `${clientName(client)} ask ${portName(at)} for a server name it does not list`,
      fix: {
        text:
          `List ${wanted} in hosts, which covers ${sent.sni}: ` +
          'the exact host of the Service does not, for the server name has more before it',
        apply: [updatedManifest(gateway, { spec: { ...gateway.spec, servers } })]
      }
    }
  }
})
