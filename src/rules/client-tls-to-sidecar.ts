import { clientRule } from './client-rule.ts'
import { defineCut } from './rule.ts'
import { blameSender, clientName, hostName } from './words.ts'

export default defineCut({
  id: 'client-tls-to-sidecar',
  cause: 'foreign-tls-to-sidecar',
  summary: "Clients send TLS that is not the mesh's to a port that a sidecar serves",
  explain({ client, sent, destination }, view) {
    return {
      ...blameSender(sent, destination),
      message: `${clientName(client)} send foreign TLS to ${hostName(destination)}, whose sidecars take the mesh's alone`,
      fix: {
        text: 'Use tls.mode ISTIO_MUTUAL, or leave tls out: sidecars then agree by themselves',
        apply: [clientRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    }
  }
})
