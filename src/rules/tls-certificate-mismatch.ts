import { nameOf, toRef } from '../state/resource.ts'
import { clientName, clientTlsSource, hostName, portName, sentName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'tls-certificate-mismatch',
  cause: 'certificate-refused',
  summary: "Client and server do not accept each other's TLS certificate",
  symptom: '503 `UF` or `URX,UF` with `CERTIFICATE_VERIFY_FAILED`; external clients fail in the TLS handshake',
  explain({ client, sent, destination, at }) {
    if (at === undefined) {
      return {
        ...clientTlsSource(sent, destination),
        message: `${clientName(client)} reject ${hostName(destination)}: subjectAltNames do not include its identity`,
        fix: { text: 'Remove subjectAltNames from the DestinationRule: Istio sets the identities of a Service itself' }
      }
    }
    const [entry] = at.servers
    const { gateway } = entry
    return {
      object: toRef(gateway),
      field: serverField(entry, 'tls.mode'),
      message: `${clientName(client)} send ${sentName(sent)} to ${portName(at)} (${at.tls})`,
      fix: {
        text:
          at.tls === 'ISTIO_MUTUAL'
            ? `Set tls.mode SIMPLE in ${nameOf(gateway)}: callers outside the mesh have no Istio workload certificate`
            : 'Use the same mode on both sides: ISTIO_MUTUAL in DestinationRule and Gateway, or SIMPLE in both'
      }
    }
  }
})
