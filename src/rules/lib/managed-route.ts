import { getOrAdd } from '../../state/map.ts'
import { memoize } from '../../state/memoize.ts'
import { type ResourceOf, toRef } from '../../state/resource.ts'
import type { View } from '../../state/snapshot.ts'
import { toFullName } from '../../text/host.ts'
import type { Fix } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

/** API groups of the controllers that create routes for models. */
const CONTROLLERS = /^(serving\.kserve\.io|serving\.knative\.dev|networking\.internal\.knative\.dev)\//
const NET_ISTIO = 'networking.internal.knative.dev/ingress'

/** True if KServe or Knative manages the VirtualService. */
export function isManagedRoute({ owner, labels }: ResourceOf<'VirtualService'>): boolean {
  return CONTROLLERS.test(owner?.apiVersion ?? '') || NET_ISTIO in labels
}

/** The VirtualService without one of its hosts, given by its full name; it is removed if it has no other. */
export function withoutHost(
  { settings: { clusterDomain } }: View,
  virtualService: ResourceOf<'VirtualService'>,
  host: string
): Pick<Fix, 'apply' | 'remove'> {
  return getOrAdd(fixes(virtualService), host, () => {
    const { namespace, spec } = virtualService
    const hosts = spec.hosts.filter(one => toFullName(one, namespace, clusterDomain) !== host)
    return hosts.length === 0
      ? { remove: [toRef(virtualService)] }
      : { apply: [updatedManifest(virtualService, { spec: { ...spec, hosts } })] }
  })
}

/** Memoized: one VirtualService can block the paths of all models, and each finding needs the same fix. */
const fixes = memoize(
  (_virtualService: ResourceOf<'VirtualService'>) => new Map<string, Pick<Fix, 'apply' | 'remove'>>()
)
