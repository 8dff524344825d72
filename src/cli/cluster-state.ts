import { Option } from 'commander'
import type { Config } from '../config-schema.ts'
import { keyOf } from '../engine/admission-step.ts'
import { kubeconfigFiles } from '../environment.ts'
import { unreadableKinds } from '../report/capture-text.ts'
import type { Kubeconfig } from '../sources/cluster/kubeconfig.ts'
import { connect } from '../sources/cluster/transport.ts'
import { InvalidInput, readFiles } from '../sources/files.ts'
import { readRef } from '../sources/manifest.ts'
import { suggest } from '../sources/suggest.ts'
import type { Manifest } from '../sources/yaml.ts'
import { DEFAULT_NAMESPACE, KINDS, type Kind } from '../state/resource.ts'
import { Snapshot } from '../state/snapshot.ts'
import type { ClusterFlags } from './command.ts'
import type { Io } from './io.ts'
import { readLive } from './progress.ts'

/** Cluster state, with the objects as they were read, by `keyOf`. */
export interface ClusterState {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
}

/** The cluster state that consists of these manifests only; kinds that a capture could not read are unreadable. */
export function toClusterState(manifests: readonly Manifest[], { mesh }: Config): ClusterState {
  const resources = manifests.flatMap(({ resource }) => (resource === undefined ? [] : [resource]))
  return {
    state: Snapshot.of(resources, mesh, unreadableKinds(manifests.map(({ object }) => object))),
    objects: new Map(manifests.map(({ ref, object }) => [keyOf(ref), object]))
  }
}

/** The value of `--against` for the current cluster. */
export const LIVE = 'live'

export const againstOption = new Option(
  '--against <path>',
  'cluster state to evaluate: a manifest file or directory, or "live" for the current cluster'
).default(LIVE)

export const toKubeconfig = (
  { kubeconfig, context }: Omit<ClusterFlags, 'namespace'>,
  manifestsFlag?: '--against' | '--manifests'
): Kubeconfig => ({
  files: kubeconfig === undefined ? kubeconfigFiles() : [kubeconfig],
  context,
  manifestsFlag
})

/** Source of a cluster state that is not read yet. */
export interface ResolvedSource {
  /** Namespace for names given without one. */
  readonly namespace: string
  /** Reads the state. Of live objects only the fields that the model reads are kept. */
  readonly open: (config: Config, io: Io) => Promise<ClusterState>
}

/**
 * @param against `live`, or the path of the manifests that are the whole cluster state
 * @throws {InvalidInput} if no cluster is configured and `against` names no path
 */
export async function resolveSource(against: string, flags: ClusterFlags): Promise<ResolvedSource> {
  if (against !== LIVE) {
    const [flag] = (['kubeconfig', 'context'] as const).filter(one => flags[one] !== undefined)
    if (flag !== undefined) throw new InvalidInput([`--${flag} requires --against ${LIVE}`])
    return {
      namespace: flags.namespace ?? DEFAULT_NAMESPACE,
      open: async config => toClusterState(readFiles([against]), config)
    }
  }
  const connection = await connect(toKubeconfig(flags, '--against'))
  return {
    namespace: flags.namespace ?? connection.namespace,
    open: async ({ mesh }, io) => {
      const { state, objects } = await readLive(connection, mesh, io)
      return { state, objects: new Map(objects.map(object => [keyOf(readRef(object)), object])) }
    }
  }
}

/**
 * Adds the namespace to a name given without one.
 *
 * @throws {InvalidInput} if the name and --namespace contradict each other
 */
export function qualifiedName(name: string, { namespace }: ResolvedSource, given: string | undefined): string {
  const [first = '', rest] = name.split('/')
  if (rest === undefined) return `${namespace}/${name}`
  if (given === undefined || given === first) return name
  throw new InvalidInput([`${name}: --namespace is ${given}; omit one of the two`])
}

/** @throws {InvalidInput} if the namespace does not exist and has no objects */
export function requireNamespace(state: Snapshot, namespace: string | undefined): void {
  if (namespace === undefined || state.unreadable.size > 0) return
  const kinds = Object.keys(KINDS) as readonly Kind[]
  const known = kinds.flatMap(kind => state.list(kind).map(one => (kind === 'Namespace' ? one.name : one.namespace)))
  if (known.includes(namespace)) return
  throw new InvalidInput([`namespace ${namespace}: not found${suggest(namespace, known)}`])
}
