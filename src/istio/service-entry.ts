import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { coversHost } from '../text/host.ts'
import { meshOf } from './mesh.ts'

export type ServiceEntry = ResourceOf<'ServiceEntry'>

/** ServiceEntry that gives proxies of a namespace another Service of this host. */
export function findServiceEntry(
  view: View<'ServiceEntry' | 'ConfigMap'>,
  host: string,
  namespace: string
): ServiceEntry | undefined {
  return view.list('ServiceEntry').find(({ namespace: own, spec: { hosts, exportTo } }) => {
    const to = exportTo.length > 0 ? exportTo : meshOf(view).serviceExportTo
    const isExported = to.some(one => one === '*' || one === namespace || (one === '.' && own === namespace))
    return isExported && hosts.some(pattern => coversHost(pattern.toLowerCase(), host))
  })
}
