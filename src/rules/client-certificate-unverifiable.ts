import { clientRule } from './client-rule.ts'
import { defineCut } from './rule.ts'
import { blameSender, clientName, hostName } from './words.ts'

export default defineCut({
  id: 'client-certificate-unverifiable',
  cause: 'certificate-unknown',
  mode: 'warn',
  summary: "Clients bring a certificate of their own to a server that wants the mesh's",
  explain({ client, sent, destination }, view) {
    return {
      ...blameSender(sent, destination),
      message: `${clientName(client)} bring their own certificate to ${hostName(destination)}, which wants the mesh's`,
      fix: {
        text: "Use tls.mode ISTIO_MUTUAL; MUTUAL works only if the files hold the mesh's own certificates",
        apply: [clientRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    }
  }
})
