import { existsSync } from 'node:fs'
import type { KubeConfig } from '@kubernetes/client-node'
import { InvalidInput } from '../files.ts'

/** Which cluster is meant. */
export interface Kubeconfig {
  /** Of several, the first that says a thing counts. Without any: `~/.kube/config`, or the service account of the pod. */
  readonly files: readonly string[]
  /** Absent: the current one. */
  readonly context?: string | undefined
}

/** What the client falls back to when it finds neither a kubeconfig nor a service account. */
const NONE = 'http://localhost:8080'

/** @throws {InvalidInput} */
export function loadKubeconfig(Config: typeof KubeConfig, { files, context }: Kubeconfig): KubeConfig {
  const config = files.length === 0 ? findConfig(Config) : merge(Config, files)
  const contexts = config.getContexts().map(({ name }) => name)
  if (context !== undefined && !contexts.includes(context)) {
    throw new InvalidInput([`the kubeconfig has no context ${context}; it has ${contexts.join(', ')}`])
  }
  if (context !== undefined) config.setCurrentContext(context)
  serverOf(config)
  return config
}

/** @throws {InvalidInput} */
export function serverOf(config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server
  if (server === undefined || server === NONE) {
    throw new InvalidInput(['no cluster configured: set KUBECONFIG or --kubeconfig, or use --against PATH'])
  }
  return server.replace(/\/$/, '')
}

function findConfig(Config: typeof KubeConfig): KubeConfig {
  const config = new Config()
  return attempt('kubeconfig', () => {
    config.loadFromDefault()
    return config
  })
}

/**
 * As kubectl does, which the client's own merge does not: that lets the last file choose the context, and stops at a file
 * that is not there and at a name that two files have.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
function merge(Config: typeof KubeConfig, files: readonly string[]): KubeConfig {
  const there = files.filter(file => existsSync(file))
  const configs = (there.length === 0 ? files.slice(0, 1) : there).map(file =>
    attempt(file, () => {
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

function attempt(what: string, load: () => KubeConfig): KubeConfig {
  try {
    return load()
  } catch (error) {
    throw new InvalidInput([`${what}: ${(error as Error).message}`])
  }
}

function uniqueByName<T extends { readonly name: string }>(named: readonly T[]): readonly T[] {
  return named.filter(({ name }, i) => named.findIndex(one => one.name === name) === i)
}
