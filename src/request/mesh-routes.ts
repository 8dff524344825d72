import type { KnownCall } from '../istio/rule-residue.ts'
import { gatewaysOf, isExportedTo, MESH, sourceNamespacesOf, type VirtualService } from '../istio/virtual-service.ts'
import type { View } from '../state/snapshot.ts'
import type { PathKinds } from './caller.ts'

/** VirtualServices of sidecars for the hosts that a call can be sent to. */
export function virtualServicesOf(view: View<PathKinds>, { hosts }: KnownCall): readonly VirtualService[] {
  const all = hosts.flatMap(host => view.virtualServicesFor(host))
  return [...new Set(all)].filter(one => gatewaysOf(one).has(MESH))
}

/** Text of how sidecars of a namespace use a VirtualService. */
export function routesText(view: View<PathKinds>, virtualService: VirtualService, namespace: string): string {
  if (virtualService.namespace === namespace) return namespace
  if (!isExportedTo(view, virtualService, namespace)) return ''
  return sourceNamespacesOf(view, virtualService).has(namespace) ? namespace : '*'
}
