import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseYaml } from '../text/yaml.ts'

/** What Istio's mesh configuration says of the traffic path. */
export interface Mesh {
  readonly rootNamespace: string
  readonly trustDomain: string
  /** Other names of the trust domain, that policies may use as well. */
  readonly trustDomainAliases: readonly string[]
  /** Without it, a client sends mTLS only where a DestinationRule says so. */
  readonly autoMtls: boolean
  /** Who sees a DestinationRule without `exportTo`: `*`, or `.` for its own namespace. */
  readonly destinationRuleExportTo: readonly string[]
  /** Names of the services that policies with action CUSTOM can ask. */
  readonly authorizers: readonly string[]
}

const meshConfig = z.object({
  rootNamespace: z.string().nullish(),
  trustDomain: z.string().nullish(),
  trustDomainAliases: z.array(z.string()).nullish(),
  extensionProviders: z
    .array(
      z.object({
        name: z.string(),
        envoyExtAuthzHttp: z.unknown().optional(),
        envoyExtAuthzGrpc: z.unknown().optional()
      })
    )
    .nullish(),
  enableAutoMtls: z.boolean().nullish(),
  defaultDestinationRuleExportTo: z.array(z.string()).nullish()
})

/** Several control planes have one ConfigMap each: `istio`, and `istio-<revision>`. */
const MESH_CONFIG_MAP = /^istio(-.+)?$/

const readMesh = memoize(({ data: { mesh: text = '' } }: ResourceOf<'ConfigMap'>) => {
  const { data: mesh } = meshConfig.safeParse(parseYaml(text))
  return mesh ?? {}
})

/**
 * The mesh configuration in force. A value that does not parse counts as absent: istiod goes on with its defaults.
 * @see istio pkg/config/mesh/mesh.go (DefaultMeshConfig)
 */
export const meshOf: (view: View<'ConfigMap'>) => Mesh = memoize(view => {
  const { istioNamespace, rootNamespace, trustDomain } = view.settings
  const map = findMeshConfig(view)
  const mesh = map === undefined ? {} : readMesh(map)
  return {
    rootNamespace: rootNamespace ?? mesh.rootNamespace ?? istioNamespace,
    trustDomain: trustDomain ?? mesh.trustDomain ?? 'cluster.local',
    trustDomainAliases: mesh.trustDomainAliases ?? [],
    authorizers: (mesh.extensionProviders ?? [])
      .filter(one => one.envoyExtAuthzHttp !== undefined || one.envoyExtAuthzGrpc !== undefined)
      .map(({ name }) => name),
    autoMtls: mesh.enableAutoMtls ?? true,
    destinationRuleExportTo: mesh.defaultDestinationRuleExportTo ?? ['*']
  }
})

/** The ConfigMap that holds the mesh configuration. */
export function findMeshConfig(view: View<'ConfigMap'>): ResourceOf<'ConfigMap'> | undefined {
  return view
    .list('ConfigMap', view.settings.istioNamespace)
    .find(({ name, data }) => MESH_CONFIG_MAP.test(name) && 'mesh' in data)
}
