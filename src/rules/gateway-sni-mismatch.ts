import { toRef } from '../state/resource.ts'
import { coversHost } from '../text/host.ts'
import { clientName, portName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'
import { updatedManifest } from './lib/updated-manifest.ts'

export default defineFailure({
  id: 'gateway-sni-mismatch',
  cause: 'sni-not-served',
  summary: 'Clients send an SNI that no server of the gateway lists',
  symptom: '503 `URX,UF` with `Connection_reset_by_peer` during the TLS handshake',
  explain({ client, sent, at }, view) {
    const [entry] = at.servers
    const { gateway } = entry
    const sni = String(sent.sni)
    const inCluster = `*.svc.${view.settings.clusterDomain}`
    const wanted = coversHost(inCluster, sni) ? inCluster : sni
    const servers = gateway.spec.servers.map(one =>
      one.port === entry.server.port ? { ...one, hosts: [...one.hosts, wanted] } : one
    )
    return {
      object: toRef(gateway),
      field: serverField(entry, 'hosts'),
      message: `${clientName(client)} send an SNI to ${portName(at)} that its hosts do not include`,
      fix: {
        text:
          wanted === sni
            ? `Add the SNI ${sni} to hosts`
            : `Add ${wanted} to hosts, which covers the SNI ${sni}; the exact host of the Service does not match it`,
        apply: [updatedManifest(gateway, { spec: { ...gateway.spec, servers } })]
      }
    }
  }
})
