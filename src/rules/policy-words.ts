import { byAge } from '../model/age.ts'
import { actionOf } from '../model/authorization.ts'
import type { AuthorizationPolicy } from '../model/authorization-rule.ts'
import { isEmpty } from '../model/selector.ts'
import type { PolicyCut, Refused } from '../model/verdict.ts'
import { identityOf } from '../model/workload.ts'
import type { Manifest } from './rule.ts'
import { clientName } from './words.ts'

/** Who is refused, in a few words. */
export function refusedName({ client, request }: PolicyCut): string {
  if (client.name === 'kube-apiserver') return 'the API server'
  if (client.proxy === 'none' && client.namespace === '') return 'callers without a sidecar'
  return client.namespace === '' && request.identity !== undefined ? 'callers of other namespaces' : clientName(client)
}

/** Where, in a few words: the pods, and the path that is asked for. */
export function serverName({ server, request }: PolicyCut): string {
  const { namespace, name, proxy } = server
  const at = proxy === 'gateway' ? `gateway pods in ${namespace}` : `${namespace}/${name.replace(' (next pod)', '')}`
  return request.path === undefined ? at : `${at} (${request.path})`
}

/** The object that decided. Of several that would have to let a request in, it is the youngest. */
export function decider(verdict: Refused): {
  readonly policy: Exclude<Refused['by'], readonly unknown[]>
  readonly field: string
} {
  switch (verdict.is) {
    case 'denied':
      return { policy: verdict.by, field: `spec.rules[${verdict.rule}]` }
    case 'not-allowed':
      return { policy: verdict.by.toSorted(byAge).at(-1) ?? verdict.by[0], field: 'spec.rules' }
    case 'provider-unknown':
      return { policy: verdict.by, field: 'spec.provider.name' }
    case 'token-refused':
      return { policy: verdict.by, field: 'spec.jwtRules' }
  }
}

/** A policy beside those that refuse: what one ALLOW policy lets in, no other keeps out. */
export function alsoAllow(cut: PolicyCut, policy: AuthorizationPolicy, trustDomain: string): readonly Manifest[] {
  const { client, server, request } = cut
  if (cut.verdict.is !== 'not-allowed' || actionOf(policy) !== 'ALLOW' || client.namespace === '') return []
  const principal = identityOf(client, trustDomain).replace('spiffe://', '')
  const labels = policy.spec.selector?.matchLabels ?? {}
  const paths =
    request.method === 'GET' && request.path !== undefined ? { to: [{ operation: { paths: [request.path] } }] } : {}
  return [
    {
      apiVersion: policy.apiVersion,
      kind: 'AuthorizationPolicy',
      metadata: { name: `${policy.name}-${client.labels['app'] ?? client.namespace}`, namespace: server.namespace },
      spec: {
        ...(isEmpty(labels) || policy.namespace !== server.namespace ? {} : { selector: { matchLabels: labels } }),
        action: 'ALLOW',
        rules: [{ from: [{ source: { principals: [principal] } }], ...paths }]
      }
    }
  ]
}
