import { byAge } from '../model/age.ts'
import { authorize } from '../model/authorization.ts'
import type { AuthorizationPolicy } from '../model/authorization-rule.ts'
import { systemPods } from '../model/knative.ts'
import { ingressOf } from '../model/kserve.ts'
import { meshOf } from '../model/mesh.ts'
import { toDestination } from '../model/reach.ts'
import type { View } from '../model/snapshot.ts'
import type { PolicyCut, Refused } from '../model/verdict.ts'
import type { PathKinds } from '../model/way.ts'
import { identityOf } from '../model/workload.ts'
import type { Manifest } from './rule.ts'
import { clientName } from './words.ts'

/** Who is refused, in a few words. */
export function refusedName({ client, request }: PolicyCut): string {
  if (client.name === 'kube-apiserver') return 'the API server'
  if (client.proxy === 'none' && client.namespace === '') return 'callers without a sidecar'
  return client.namespace === '' && request.identity !== undefined ? 'callers of other namespaces' : clientName(client)
}

/** Where, in a few words: the model, or a pod; and what Knative asks it for itself. */
export function serverName({ server, request }: PolicyCut): string {
  const { namespace, name, proxy, labels } = server
  if (proxy === 'gateway') return `${namespace} gateways`
  const of = labels['serving.kserve.io/inferenceservice'] ?? name
  return `${namespace}/${of}${request.method === 'GET' ? request.path : ''}`
}

/** The object that decided. Of several that would have to let a request in, it is the youngest. */
export function decider(verdict: Refused): {
  readonly policy: Exclude<Refused['by'], readonly unknown[]>
  readonly field: string
  /** Who was to be asked. */
  readonly provider?: string
} {
  switch (verdict.is) {
    case 'denied':
      return { policy: verdict.by, field: `spec.rules[${verdict.rule}]` }
    case 'not-allowed':
      return { policy: youngest(verdict.by), field: 'spec.rules' }
    case 'provider-unknown':
      return { policy: verdict.by, field: 'spec.provider.name', provider: verdict.provider }
    case 'token-refused':
      return { policy: verdict.by, field: 'spec.jwtRules' }
  }
}

function youngest(policies: readonly AuthorizationPolicy[]): AuthorizationPolicy {
  return policies.reduce((a, b) => (byAge(a, b) > 0 ? a : b))
}

/**
 * A policy beside those that refuse: what one ALLOW policy lets in, no other keeps out. It admits whoever is refused,
 * and those that requests come by: gateways, and Knative's own pods.
 */
export function alsoAllow({ client, server, request, verdict }: PolicyCut, view: View<PathKinds>): readonly Manifest[] {
  if (verdict.is !== 'not-allowed' || server.proxy === 'gateway') return []
  const gateways = toDestination(view, ingressOf(view).config.knativeLocalGatewayService, HTTP_PORT).endpoints
  const hops = [
    ...gateways.map(({ workload }) => workload),
    ...systemPods(view, 'activator'),
    ...systemPods(view, 'autoscaler')
  ]
  const { trustDomain } = meshOf(view)
  const refused = [client, ...hops]
    .filter(({ namespace }) => namespace !== '')
    .map(one => identityOf(one, trustDomain))
    .filter(identity => authorize(view, server, { ...request, identity }).is !== 'allowed')
  if (refused.length === 0) return []
  const principals = [...new Set(refused)].map(identity => identity.replace('spiffe://', ''))
  const policy = youngest(verdict.by)
  const { selector } = policy.spec
  return [
    {
      apiVersion: policy.apiVersion,
      kind: 'AuthorizationPolicy',
      metadata: { name: `${policy.name}-hops`, namespace: server.namespace },
      spec: {
        ...(selector === undefined ? {} : { selector }),
        action: 'ALLOW',
        rules: [{ from: [{ source: { principals } }] }, { to: [{ operation: { paths: KNATIVES_PATHS } }] }]
      }
    }
  ]
}

const HTTP_PORT = 80
/** What activator and autoscaler ask pods for, without a certificate at first. */
export const KNATIVES_PATHS = ['/healthz', '/metrics']
