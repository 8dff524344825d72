import { existsSync } from 'node:fs'
import type { KubeConfig } from '@kubernetes/client-node'
import { messageOf } from '../../text/error-message.ts'
import { InvalidInput } from '../files.ts'

/** Selects the cluster. */
export interface Kubeconfig {
  /** Merged as by kubectl. Empty: `~/.kube/config`, or else the service account of the pod. */
  readonly files: readonly string[]
  /** Absent: the current context. */
  readonly context?: string | undefined
  /** Option that takes manifests instead of a cluster, for the error if no cluster is configured. */
  readonly manifestsFlag?: string | undefined
}

/** Default of the client library if it finds neither a kubeconfig nor a service account. */
const FALLBACK_SERVER = 'http://localhost:8080'

/** @throws {InvalidInput} */
export function loadKubeconfig(Config: typeof KubeConfig, { files, context, manifestsFlag }: Kubeconfig): KubeConfig {
  const config = files.length === 0 ? loadDefault(Config) : merge(Config, files)
  const contexts = config.getContexts().map(({ name }) => name)
  if (context !== undefined && !contexts.includes(context)) {
    throw new InvalidInput([`kubeconfig: no context ${context}; use one of ${contexts.join(', ')}`])
  }
  if (context !== undefined) config.setCurrentContext(context)
  serverOf(config, manifestsFlag)
  return config
}

/**
 * URL of the API server, without a trailing slash.
 *
 * @throws {InvalidInput} if no cluster is configured
 */
export function serverOf(config: KubeConfig, manifestsFlag?: string): string {
  const server = config.getCurrentCluster()?.server
  if (server === undefined || server === FALLBACK_SERVER) {
    const alternative = manifestsFlag === undefined ? '' : `, or use ${manifestsFlag} PATH`
    throw new InvalidInput([`no cluster configured: set KUBECONFIG or --kubeconfig${alternative}`])
  }
  return server.replace(/\/$/, '')
}

function loadDefault(Config: typeof KubeConfig): KubeConfig {
  const config = new Config()
  return orInvalidInput('kubeconfig', () => {
    config.loadFromDefault()
    return config
  })
}

/**
 * Merges as kubectl does: the first file that sets a value takes precedence, and a missing file is ignored. The client
 * library takes the context of the last file, and throws for a missing file or a duplicate name.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
function merge(Config: typeof KubeConfig, files: readonly string[]): KubeConfig {
  const existing = files.filter(file => existsSync(file))
  const configs = (existing.length === 0 ? files.slice(0, 1) : existing).map(file =>
    orInvalidInput(file, () => {
      const config = new Config()
      config.loadFromFile(file)
      return config
    })
  )
  const merged = new Config()
  merged.loadFromOptions({
    clusters: uniqueByName(configs.flatMap(one => one.getClusters())),
    users: uniqueByName(configs.flatMap(one => one.getUsers())),
    contexts: uniqueByName(configs.flatMap(one => one.getContexts())),
    currentContext: configs.map(one => one.getCurrentContext()).find(name => name)
  })
  return merged
}

function orInvalidInput(what: string, load: () => KubeConfig): KubeConfig {
  try {
    return load()
  } catch (error) {
    throw new InvalidInput([`${what}: ${messageOf(error)}`])
  }
}

function uniqueByName<T extends { readonly name: string }>(named: readonly T[]): readonly T[] {
  return named.filter(({ name }, i) => named.findIndex(one => one.name === name) === i)
}
