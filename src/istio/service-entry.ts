import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { HostPatterns } from '../text/host.ts'
import { meshOf } from './mesh.ts'

export type ServiceEntry = ResourceOf<'ServiceEntry'>

/** ServiceEntry that gives proxies of a namespace another Service of this host. */
export function findServiceEntry(
  view: View<'ServiceEntry' | 'ConfigMap'>,
  host: string,
  namespace: string
): ServiceEntry | undefined {
  return serviceEntriesFor(view, namespace).find(({ spec: { hosts } }) => patternsOf(hosts).covers(host))
}

const patternsOf = memoize((hosts: readonly string[]) => new HostPatterns(hosts.map(host => host.toLowerCase())))

/** ServiceEntries that are exported to a namespace. */
export function serviceEntriesFor(
  view: View<'ServiceEntry' | 'ConfigMap'>,
  namespace: string
): readonly ServiceEntry[] {
  return view.list('ServiceEntry').filter(({ namespace: own, spec: { exportTo } }) => {
    const to = exportTo.length > 0 ? exportTo : meshOf(view).serviceExportTo
    return to.some(one => one === '*' || one === namespace || (one === '.' && own === namespace))
  })
}
