import type { Registry } from '../istio/sidecar-route.ts'
import type { View } from '../state/snapshot.ts'

/** Host that a name resolves to like in the DNS of a pod: as it is, then with each search domain; absent if none exists. */
export function resolveHost(
  { settings: { clusterDomain } }: View,
  { resolve }: Pick<Registry, 'resolve'>,
  name: string,
  namespace: string
): string | undefined {
  const searched = ['', `.${namespace}.svc.${clusterDomain}`, `.svc.${clusterDomain}`, `.${clusterDomain}`]
  return searched.map(domain => `${name}${domain}`).find(host => resolve(host).service !== undefined)
}
