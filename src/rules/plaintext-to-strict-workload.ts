import { findMeshConfig } from '../istio/mesh.ts'
import type { PathKinds } from '../request/caller.ts'
import { nameOf, toRef } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { clientDestinationRule } from './lib/client-destination-rule.ts'
import { joinMesh } from './lib/join-mesh.ts'
import { withAutoMtls } from './lib/mesh-config.ts'
import { clientName, clientTlsSource, hostName } from './lib/message-parts.ts'
import { plaintextPorts } from './lib/plaintext-ports.ts'
import { defineFailure, type FailureOf, type Fix } from './lib/rule.ts'
import { graphOf, graphProblem, systemPodProblem } from './lib/unrouted-sender.ts'

type PlaintextFailure = FailureOf<'plaintext-to-strict-workload'>

export default defineFailure({
  id: 'plaintext-to-strict-workload',
  cause: 'plaintext-to-strict-workload',
  summary: 'Clients send plaintext to pods that accept only mTLS',
  symptom: '503 `UC` with `connection_termination`, or connection reset for clients without a sidecar',
  ztunnelSymptom: 'connection reset, with `policy rejection: explicitly denied by: ... strict` in the log of ztunnel',
  explain(failure, view, changed) {
    const { client, sent, destination, at } = failure
    const graph = changed?.kind === 'InferenceGraph' ? graphOf(view, client) : undefined
    if (graph !== undefined) return graphProblem(graph, hostName(destination))
    const sidecar = systemPodProblem(failure, view)
    if (sidecar !== undefined && changed?.kind !== 'PeerAuthentication') return sidecar
    const mesh = sent.reason === 'auto-mtls-off' ? findMeshConfig(view, client) : undefined
    const source =
      mesh === undefined ? { object: toRef(at), field: 'spec.mtls.mode' } : { object: toRef(mesh), field: 'data.mesh' }
    return {
      ...clientTlsSource(sent, destination, source),
      message: `${clientName(client)} send plaintext to ${hostName(destination)} (STRICT: ${nameOf(at)})`,
      fix: sidecar?.fix ?? toFix(failure, view)
    }
  }
})

function toFix({ client, sent, destination, server, at }: PlaintextFailure, view: View<PathKinds>): Fix {
  switch (sent.reason) {
    case 'destination-rule':
    case 'credential-ignored':
      return {
        text:
          sent.reason === 'destination-rule'
            ? `Set tls.mode ISTIO_MUTUAL in ${nameOf(sent.destinationRule)}, or remove tls`
            : `Set tls.mode ISTIO_MUTUAL in ${nameOf(sent.destinationRule)}: sidecars ignore credentialName`,
        apply: [clientDestinationRule(view, sent, destination, 'ISTIO_MUTUAL')]
      }
    case 'peer-disabled':
      return { text: `Set ${nameOf(sent.policy)} to PERMISSIVE: clients use the mode of the namespace` }
    case 'auto-mtls-off':
      return {
        text: 'Set enableAutoMtls: true in the mesh configuration, or first add a DestinationRule with ISTIO_MUTUAL',
        apply: withAutoMtls(view, client)
      }
    case 'no-proxy':
      return client.namespace === ''
        ? { text: `Keep ${nameOf(at)} PERMISSIVE while callers without a sidecar exist` }
        : {
            text:
              `First ${joinMesh(view, client.namespace, clientName(client), server.workload)}; ` +
              'or accept plaintext on these ports',
            apply: plaintextPorts(server, at)
          }
    case 'ztunnel':
      return {
        text:
          `Restart the pods of ${hostName(destination)} while Istio has ambient mode: only then their sidecars accept HBONE, ` +
          `which the ztunnel of ${clientName(client)} sends; or accept plaintext on these ports`,
        apply: plaintextPorts(server, at)
      }
    default:
      return { text: 'First inject a sidecar into every pod of the Service, with the label that injection sets' }
  }
}
