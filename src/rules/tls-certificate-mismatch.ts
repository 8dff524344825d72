import { nameOf, toRef } from '../model/resource.ts'
import { clientName, clientTlsSource, hostName, portName, sentName, serverField } from './lib/message-parts.ts'
import { defineFailure } from './lib/rule.ts'

export default defineFailure({
  id: 'tls-certificate-mismatch',
  cause: 'certificate-refused',
  summary: "Client and server do not take each other's certificates",
  explain({ client, sent, destination, at }) {
    if (at === undefined) {
      return {
        ...clientTlsSource(sent, destination),
        message: `${clientName(client)} accept other identities than those of ${hostName(destination)}`,
        fix: { text: 'Remove subjectAltNames from the rule: the mesh knows the identities of its Services' }
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
            ? `Use tls.mode SIMPLE in ${nameOf(gateway)}: callers outside the mesh have no certificate of it`
            : 'Let both sides mean the same: ISTIO_MUTUAL in rule and Gateway, or SIMPLE in both'
      }
    }
  }
})
