import { findMeshConfig, installationOf } from '../../istio/mesh.ts'
import { meshConfigMap } from '../../state/discovery.ts'
import type { Ref } from '../../state/resource.ts'
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

/** ConfigMap with the mesh configuration of a workload, also if it does not exist. */
export function meshConfigRef(view: View<'ConfigMap'>, { revision }: Pick<Workload, 'revision'>): Ref {
  const installation = installationOf(view, revision)
  const name = meshConfigMap(installation.revision)
  return { apiVersion: 'v1', kind: 'ConfigMap', namespace: installation.namespace, name }
}
