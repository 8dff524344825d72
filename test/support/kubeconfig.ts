import { stringify } from 'yaml'

/** A kubeconfig with one cluster, and a user with a token. */
export function kubeconfig(server: string, context = 'test'): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    // The client rejects plaintext HTTP without this.
    clusters: [{ name: 'cluster', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'user', user: { token: 'not-a-secret' } }],
    contexts: [{ name: context, context: { cluster: 'cluster', user: 'user' } }]
  })
}
