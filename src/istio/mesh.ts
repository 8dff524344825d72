import { z } from 'zod'
import { memoize } from '../state/memoize.ts'
import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { parseYaml } from '../text/yaml.ts'

/** Mesh configuration that request paths depend on. */
export interface Mesh {
  readonly rootNamespace: string
  readonly trustDomain: string
  /** Other names of the trust domain that policies can use. */
  readonly trustDomainAliases: readonly string[]
  /** False: a client sends mTLS only if a DestinationRule sets it. */
  readonly autoMtls: boolean
  /** Default of `exportTo` in DestinationRules: `*`, or `.` for its own namespace. */
  readonly destinationRuleExportTo: readonly string[]
  /** Names of extension providers that policies with action CUSTOM can use. */
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
 * Effective mesh configuration. If it does not parse, istiod uses its defaults.
 * @see istio 1.31 pkg/config/mesh/mesh.go (DefaultMeshConfig)
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

/** ConfigMap with the mesh configuration. */
export function findMeshConfig(view: View<'ConfigMap'>): ResourceOf<'ConfigMap'> | undefined {
  return view
    .list('ConfigMap', view.settings.istioNamespace)
    .find(({ name, data }) => MESH_CONFIG_MAP.test(name) && 'mesh' in data)
}
