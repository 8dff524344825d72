import { nameOf, toRef } from '../state/resource.ts'
import { dualModeGateway } from './lib/dual-mode-gateway.ts'
import { clientName, clientTlsSource, hostName, portName, sentName } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'client-mtls-to-plain-listener',
  cause: 'mtls-to-plain-listener',
  summary: 'Clients send TLS to a port that accepts only plaintext',
  symptom: '503 `UF` or `URX,UF` with `TLS_error ... WRONG_VERSION_NUMBER` in the access log of the client',
  explain({ client, sent, destination, at }, view) {
    const sends = `${clientName(client)} send ${sentName(sent)} to`
    if ('servers' in at) {
      const [entry] = at.servers
      return {
        ...clientTlsSource(sent, destination),
        message: `${sends} ${portName(at)}, which accepts only plaintext`,
        fix: {
          text: `First update ${nameOf(entry.gateway)} to accept both mTLS and plaintext`,
          apply: [dualModeGateway(entry, view.settings.clusterDomain)]
        }
      }
    }
    return {
      ...clientTlsSource(sent, destination, { object: toRef(at), field: 'spec.mtls.mode' }),
      message: `${sends} ${hostName(destination)}, where ${nameOf(at)} disables mTLS`,
      fix: { text: `Set ${nameOf(at)} to PERMISSIVE: sidecars then accept both mTLS and plaintext` }
    }
  }
})
