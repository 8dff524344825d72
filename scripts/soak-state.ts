import { isDeepStrictEqual } from 'node:util'
import { collectionsOf, toPath } from '../src/sources/cluster/collections.ts'
import { project } from '../src/sources/cluster/projection.ts'
import type { StateSource } from '../src/sources/source.ts'
import type { Resource } from '../src/state/resource.ts'
import { DEFAULT_SETTINGS } from '../src/state/settings.ts'
import type { ApiServer } from '../test/support/api-server.ts'
import { POLICIES, servedPath } from '../test/support/watch-harness.ts'

/** @returns the first difference between cache and API server, or `undefined` */
export function findDifference(api: ApiServer, source: StateSource): string | undefined {
  const state = source.current()
  const [unknown] = state.unreadable
  if (unknown !== undefined) return `${unknown[0]} is ${unknown[1]}`
  const differing = collectionsOf(DEFAULT_SETTINGS).find(collection => {
    const { kind, name } = collection
    const path = toPath(collection)
    const isSelected = (one: string) => name === undefined || one === name
    const stored = api.objects(path === POLICIES ? (servedPath(api) ?? path) : path)
    const known = state.list(kind).filter(one => isSelected(one.name))
    return !isDeepStrictEqual(
      byName(known),
      byName(stored.filter(one => isSelected(one.metadata.name)).flatMap(one => project(one, () => {})))
    )
  })
  return differing && `${differing.kind} differs from the API server`
}

const byName = (resources: readonly Resource[]) =>
  new Map(resources.map(one => [`${one.namespace}/${one.name}`, one] as const))
