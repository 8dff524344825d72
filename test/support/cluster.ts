import type t from 'tap'
import { collectionsOf, toPath } from '../../src/sources/cluster/collections.ts'
import { readFiles } from '../../src/sources/files.ts'
import type { Manifest } from '../../src/sources/yaml.ts'
import { apiNameOf, KINDS } from '../../src/state/resource.ts'
import { DEFAULT_SETTINGS } from '../../src/state/settings.ts'
import { type ApiServer, startApiServer } from './api-server.ts'

const COLLECTIONS = collectionsOf(DEFAULT_SETTINGS)

/** Path of the collection of a kind. */
export function pathOf(kind: string): string {
  const found = COLLECTIONS.find(one => one.kind === kind)
  if (found === undefined) throw new Error(`no collection of ${kind}`)
  return toPath(found)
}

/** Serves every collection that is read. */
export function serveAll(api: ApiServer): void {
  for (const collection of new Map(COLLECTIONS.map(one => [one.kind, one])).values()) {
    const { kind } = collection
    const { group, version } = KINDS[kind]
    api.serve(toPath(collection), { apiVersion: group === '' ? version : `${group}/${version}`, kind: apiNameOf(kind) })
  }
}

/** Stores objects in their collections. */
export function store(api: ApiServer, manifests: readonly Manifest[]): void {
  for (const { ref, object } of manifests) api.put(pathOf(ref.kind), object as never)
}

/** Starts an API server with the manifests of a directory, for one test. */
export async function serveFolder({ teardown }: Pick<typeof t, 'teardown'>, folder: string): Promise<ApiServer> {
  const api = await startApiServer()
  teardown(api.close)
  serveAll(api)
  const manifests = readFiles([folder]).filter(({ resource }) => resource !== undefined)
  store(api, manifests)
  return api
}
