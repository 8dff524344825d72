import { Option } from 'commander'
import type { Config } from '../config.ts'
import type { Memory } from '../engine/judge.ts'
import type { Ref } from '../model/resource.ts'
import { Snapshot } from '../model/snapshot.ts'
import { readCluster } from '../sources/cluster/read.ts'
import { connect } from '../sources/cluster/transport.ts'
import { readFiles } from '../sources/files.ts'
import { readRef } from '../sources/manifest.ts'
import type { Manifest } from '../sources/yaml.ts'
import type { Io } from './command.ts'

/** A state, with the objects as they were read, and their places where they came from files. */
export interface World {
  readonly state: Snapshot
  readonly objects: ReadonlyMap<string, unknown>
  /** From one change to the next. */
  readonly memory?: Memory
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

/** Which cluster is meant, where it is one. */
export interface Where {
  readonly kubeconfig?: string
  readonly context?: string
}

/** The state of files, or of the cluster as it is now; objects of a cluster are known as far as the model reads them. */
export async function openWorld(
  against: string,
  { kubeconfig, context }: Where,
  config: Config,
  io: Io
): Promise<World> {
  if (against !== LIVE) return toWorld(readFiles([against]), config)
  const transport = await connect({ file: kubeconfig, context })
  const { state, objects } = await readCluster(transport, config.mesh, message => io.err(`not read: ${message}`))
  return { state, objects: new Map(objects.map(object => [keyOf(readRef(object)), object])), memory: {} }
}

/** What tells objects apart, whatever the version they are written in. */
export const keyOf = ({ kind, namespace, name }: Pick<Ref, 'kind' | 'namespace' | 'name'>) =>
  `${kind} ${namespace}/${name}`
