import type { PathKinds } from '../../request/caller.ts'
import type { PolicyDenied } from '../../request/failure.ts'
import type { View } from '../../state/snapshot.ts'
import { selects } from '../../text/selector.ts'
import type { Manifest } from './rule.ts'

/** True if the API server calls an admission webhook. It has no identity, so that policies cannot name it. */
export const isWebhookCall = ({ client }: PolicyDenied) => client.name === 'kube-apiserver'

/** ALLOW policy that admits any caller to the port of a webhook, as Kubeflow has for its webhooks. */
export function webhookPolicy({ server, request }: PolicyDenied, view: View<PathKinds>): readonly Manifest[] {
  const selecting = view
    .list('Service', server.namespace)
    .filter(
      ({ spec }) =>
        Object.keys(spec.selector).length > 0 &&
        selects({ matchLabels: spec.selector, matchExpressions: [] }, server.labels)
    )
  return selecting.slice(0, 1).map(({ name, spec }) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: `${name}-callers`, namespace: server.namespace },
    spec: {
      selector: { matchLabels: spec.selector },
      action: 'ALLOW',
      rules: [{ to: [{ operation: { ports: [String(request.to.port)] } }] }]
    }
  }))
}
