import { findMeshConfig } from '../../istio/mesh.ts'
import type { View } from '../../state/snapshot.ts'
import type { Workload } from '../../state/workload.ts'
import type { Manifest } from './rule.ts'
import { updatedManifest } from './updated-manifest.ts'

const AUTO_MTLS = /^enableAutoMtls:.*$/m

/** ConfigMap with the mesh configuration of a workload and auto mTLS enabled; none if the key is not on a line of its own. */
export function withAutoMtls(view: View<'ConfigMap'>, workload: Workload): readonly Manifest[] {
  const maps = [findMeshConfig(view, workload)].filter(map => map !== undefined)
  return maps
    .filter(({ data }) => Object.values(data).some(text => AUTO_MTLS.test(text)))
    .map(map => {
      const lines = Object.entries(map.data).map(([key, text]) => [
        key,
        text.replace(AUTO_MTLS, 'enableAutoMtls: true')
      ])
      return updatedManifest(map, { data: Object.fromEntries(lines) })
    })
}
