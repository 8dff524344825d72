/** Configured properties of the cluster. Absent ones are discovered, or read from the mesh configuration. */
export interface Settings {
  readonly rootNamespace?: string | undefined
  readonly trustDomain?: string | undefined
  readonly clusterDomain: string
  readonly istioNamespace?: string | undefined
  readonly knativeNamespace?: string | undefined
  readonly kserveNamespace?: string | undefined
  /** Revisions of Istio whose ConfigMaps are read, besides the default one. */
  readonly istioRevisions?: readonly string[] | undefined
}

export const DEFAULT_SETTINGS: Settings = { clusterDomain: 'cluster.local' }
