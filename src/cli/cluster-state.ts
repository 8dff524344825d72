import { Option } from 'commander'
import type { Config } from '../config-schema.ts'
import type { EvaluationCache } from '../engine/decide.ts'
import { kubeconfigFiles } from '../environment.ts'
import type { Kubeconfig } from '../sources/cluster/kubeconfig.ts'
import { readCluster } from '../sources/cluster/read-once.ts'
import { connect } from '../sources/cluster/transport.ts'
import { InvalidInput, readFiles } from '../sources/files.ts'
import { readRef } from '../sources/manifest.ts'
import { suggest } from '../sources/suggest.ts'
import type { Manifest } from '../sources/yaml.ts'
import { DEFAULT_NAMESPACE, KINDS, type Kind, type Ref } from '../state/resource.ts'
import { Snapshot } from '../state/snapshot.ts'
import type { Where } from './command.ts'
import type { Io } from './io.ts'

/** A cluster state, with the objects as they were read. */
export interface World {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
  /** From one change to the next. */
  readonly memory?: EvaluationCache
}

/** The cluster state that consists of these manifests only. */
export function toWorld(manifests: readonly Manifest[], { mesh }: Config): World {
  const resources = manifests.flatMap(({ resource }) => (resource === undefined ? [] : [resource]))
  return {
    state: Snapshot.of(resources, mesh),
    objects: new Map(manifests.map(({ ref, object }) => [keyOf(ref), object])),
    memory: {}
  }
}

/** The value of `--against` for the current cluster. */
export const LIVE = 'live'

export const againstOption = new Option(
  '--against <path>',
  'cluster state to evaluate: a manifest file or directory, or "live" for the current cluster'
).default(LIVE)

export const toKubeconfig = ({ kubeconfig, context }: Omit<Where, 'namespace'>): Kubeconfig => ({
  files: kubeconfig === undefined ? kubeconfigFiles() : [kubeconfig],
  context
})

/** A cluster state that is not read yet. */
export interface Place {
  /** Namespace for names given without one. */
  readonly namespace: string
  /** Reads the state. Of live objects only the fields that the model reads are kept. */
  readonly open: (config: Config, io: Io) => Promise<World>
}

/**
 * @param against `live`, or the path of the manifests that are the whole cluster state
 * @throws {InvalidInput} if no cluster is configured and `against` names no path
 */
export async function findPlace(against: string, where: Where): Promise<Place> {
  if (against !== LIVE) {
    const [flag] = (['kubeconfig', 'context'] as const).filter(one => where[one] !== undefined)
    if (flag !== undefined) throw new InvalidInput([`--${flag} requires --against ${LIVE}`])
    return {
      namespace: where.namespace ?? DEFAULT_NAMESPACE,
      open: async config => toWorld(readFiles([against]), config)
    }
  }
  const connection = await connect(toKubeconfig(where))
  return {
    namespace: where.namespace ?? connection.namespace,
    open: async ({ mesh }, io) => {
      const { state, objects } = await readCluster(connection, mesh, message => io.err(`not read: ${message}`))
      return { state, objects: new Map(objects.map(object => [keyOf(readRef(object)), object])), memory: {} }
    }
  }
}

/**
 * Adds the namespace to a name given without one.
 *
 * @throws {InvalidInput} if the name and --namespace contradict each other
 */
export function qualify(name: string, { namespace }: Place, given: string | undefined): string {
  const [first = '', rest] = name.split('/')
  if (rest === undefined) return `${namespace}/${name}`
  if (given === undefined || given === first) return name
  throw new InvalidInput([`${name}: --namespace names another namespace, ${given}; leave out one of the two`])
}

/** @throws {InvalidInput} if the namespace does not exist and has no objects */
export function requireNamespace(state: Snapshot, namespace: string | undefined): void {
  if (namespace === undefined || state.unreadable.size > 0) return
  const kinds = Object.keys(KINDS) as readonly Kind[]
  const known = kinds.flatMap(kind => state.list(kind).map(one => (kind === 'Namespace' ? one.name : one.namespace)))
  if (known.includes(namespace)) return
  throw new InvalidInput([`namespace ${namespace}: not found${suggest(namespace, known)}`])
}

/** Identity of an object, independent of its API version. */
export const keyOf = ({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>) =>
  `${kind} ${namespace}/${name}`
