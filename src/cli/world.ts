import { Option } from 'commander'
import type { Config } from '../config.ts'
import type { EvaluationCache } from '../engine/decide.ts'
import { kubeconfigFiles } from '../environment.ts'
import { DEFAULT_NAMESPACE, KINDS, type Kind, type Ref } from '../model/resource.ts'
import { Snapshot } from '../model/snapshot.ts'
import type { Kubeconfig } from '../sources/cluster/kubeconfig.ts'
import { readCluster } from '../sources/cluster/read.ts'
import { connect } from '../sources/cluster/transport.ts'
import { InvalidInput, readFiles } from '../sources/files.ts'
import { readRef } from '../sources/manifest.ts'
import { suggest } from '../sources/suggest.ts'
import type { Manifest } from '../sources/yaml.ts'
import type { Io, Where } from './command.ts'

/** A state, with the objects as they were read, and their places where they came from files. */
export interface World {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
  /** From one change to the next. */
  readonly memory?: EvaluationCache
}

/** The cluster that holds these files and nothing else. */
export function toWorld(manifests: readonly Manifest[], { mesh }: Config): World {
  const resources = manifests.flatMap(({ resource }) => (resource === undefined ? [] : [resource]))
  return {
    state: Snapshot.of(resources, mesh),
    objects: new Map(manifests.map(({ ref, object }) => [keyOf(ref), object])),
    memory: {}
  }
}

/** The word for the cluster as it is now, in place of a path. */
export const LIVE = 'live'

/** For commands that ask a state. */
export const againstOption = new Option('--against <path>', 'the state that is asked: a path, or `live`').default(LIVE)

export const toKubeconfig = ({ kubeconfig, context }: Omit<Where, 'namespace'>): Kubeconfig => ({
  files: kubeconfig === undefined ? kubeconfigFiles() : [kubeconfig],
  context
})

/** A state that is yet to be read. */
export interface Place {
  /** Of what is named without one. */
  readonly namespace: string
  /** The objects of a cluster are known as far as the model reads them. */
  readonly open: (config: Config, io: Io) => Promise<World>
}

/**
 * @param against absent where no state is asked
 * @throws {InvalidInput}
 */
export async function findPlace(against: string | undefined, where: Where): Promise<Place> {
  if (against !== LIVE) {
    const [flag] = (['kubeconfig', 'context'] as const).filter(one => where[one] !== undefined)
    if (flag !== undefined) throw new InvalidInput([`--${flag} requires --against ${LIVE}`])
    const files = against === undefined ? [] : [against]
    return {
      namespace: where.namespace ?? DEFAULT_NAMESPACE,
      open: async config => toWorld(readFiles(files), config)
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
 * The full name of what may be named without its namespace.
 *
 * @throws {InvalidInput} when name and flag say two namespaces
 */
export function qualify(name: string, { namespace }: Place, given: string | undefined): string {
  const [first = '', rest] = name.split('/')
  if (rest === undefined) return `${namespace}/${name}`
  if (given === undefined || given === first) return name
  throw new InvalidInput([`${name} does not lie in namespace ${given} of --namespace: leave out one of the two`])
}

/** @throws {InvalidInput} when nothing lies in the namespace that is asked for, and it does not exist */
export function requireNamespace(state: Snapshot, namespace: string | undefined): void {
  if (namespace === undefined || state.unreadable.size > 0) return
  const kinds = Object.keys(KINDS) as readonly Kind[]
  const known = kinds.flatMap(kind => state.list(kind).map(one => (kind === 'Namespace' ? one.name : one.namespace)))
  if (known.includes(namespace)) return
  throw new InvalidInput([`there is no namespace ${namespace}${suggest(namespace, known)}`])
}

/** What tells objects apart, whatever the version they are written in. */
export const keyOf = ({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>) =>
  `${kind} ${namespace}/${name}`
