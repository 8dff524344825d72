import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { predictedObjects } from '../../src/request/predicted-objects.ts'
import { readManifests } from '../../src/sources/yaml.ts'
import type { Resource, ResourceOf } from '../../src/state/resource.ts'
import { nameOf } from '../../src/state/resource.ts'
import { Snapshot } from '../../src/state/snapshot.ts'

const FOLDER = join(import.meta.dirname, 'recorded')
/** Header of the requests by which net-istio probes gateways; its routes match nothing else. */
const PROBE = 'K-Network-Hash'

type Routed = Pick<ResourceOf<'VirtualService'>, 'kind' | 'namespace' | 'name' | 'spec'>

/** Spec without the routes for probes, and without empty fields. */
function specOf({ spec }: Routed): unknown {
  const http = spec.http?.filter(({ match = [] }) => !match.some(({ headers = {} }) => PROBE in headers))
  return JSON.parse(JSON.stringify({ ...spec, http }), (key, value) => (isEmptyHeaders(key, value) ? undefined : value))
}

const isEmptyHeaders = (key: string, value: unknown) => key === 'headers' && JSON.stringify(value) === '{}'

const portsOf = ({ spec }: ResourceOf<'Service'>) => ({ ...spec, ports: spec.ports.map(port => ({ ...port })) })
const byName = <T extends Resource, O>(objects: readonly T[], read: (one: T) => O) =>
  Object.fromEntries(objects.map(one => [nameOf(one), read(one)]).sort())

const read = (path: string) =>
  readManifests(readFileSync(path, 'utf8'), path).manifests.flatMap(({ resource }) => resource ?? [])

for (const file of readdirSync(FOLDER).filter(name => name.endsWith('.yaml'))) {
  t.test(`objects that controllers created are predicted: ${file}`, async t => {
    const recorded = [join(FOLDER, file), join(FOLDER, 'net-istio', file)].flatMap(read)
    const virtualServices = recorded.filter(one => one.kind === 'VirtualService')
    const services = recorded.filter(one => one.kind === 'Service')
    const state = Snapshot.of(recorded.filter(({ kind }) => kind !== 'VirtualService' && kind !== 'Service'))
    const [model] = state.list('InferenceService')
    if (model === undefined) throw new Error('no model')
    const predicted = predictedObjects(state, model)
    t.same(byName(predicted.virtualServices, specOf), byName(virtualServices, specOf))
    t.same(byName(predicted.services, portsOf), byName(services, portsOf))
  })
}
