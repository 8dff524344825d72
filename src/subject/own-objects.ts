import type { ResourceOf } from '../state/resource.ts'
import type { View } from '../state/snapshot.ts'
import { isRunning, toWorkload } from '../state/workload.ts'
import { OWN_KINDS, type OwnKind, type OwnObject } from './own-kinds.ts'
import { addOwners, endpointsOfSeveral, followServices, type Owners, SERVICE_LABEL } from './service-owners.ts'
import { mentions } from './words.ts'

type Pod = ResourceOf<'Pod'>
type Model = ResourceOf<'InferenceService'>
/** Names of models. */
type Names = Pick<ReadonlyMap<string, unknown>, 'has'>

const DEPENDENT_KINDS = OWN_KINDS.filter(kind => kind !== 'InferenceService')

/** Objects of the models of a namespace. */
export interface OwnObjects {
  /** By the name of the model, the model first. Several models can have an object. */
  readonly byModel: ReadonlyMap<string, readonly OwnObject[]>
  /** Objects besides the models that only their own models see. */
  readonly hidden: ReadonlySet<object>
  /**
   * First pod of the namespace with a sidecar, and first that ztunnel captures, without what selects them: they show how callers take
   * part in the mesh.
   */
  readonly callers: readonly Pod[]
  /** Lists that they are of. */
  readonly lists: readonly (readonly OwnObject[])[]
}

/** Of a namespace without models. */
export const NO_OBJECTS: OwnObjects = { byModel: new Map(), hidden: new Set(), callers: [], lists: [] }

/** True if only the evaluation of its own models sees the object. */
export const isHidden = ({ hidden }: OwnObjects, object: { readonly kind: string }) =>
  object.kind === 'InferenceService' || hidden.has(object)

/**
 * Objects of each model: with its label, named after it, or reached from those: pods that its Services select, and Services that
 * select its pods.
 */
export function ownObjectsIn(view: View<OwnKind>, namespace: string, previous: OwnObjects = NO_OBJECTS): OwnObjects {
  const models = view.list('InferenceService', namespace)
  const lists = DEPENDENT_KINDS.map((kind): readonly OwnObject[] => view.list(kind, namespace))
  if (models.length === 0) return { ...NO_OBJECTS, lists }
  const isSame = previous.lists.length > 0 && lists.every((list, i) => list === previous.lists[i])
  return isSame && !hasOtherOwners(models, lists, previous)
    ? {
        ...previous,
        byModel: new Map(models.map(one => [one.name, [one, ...(previous.byModel.get(one.name) ?? []).slice(1)]]))
      }
    : findOwnObjects(view, namespace, lists)
}

/** True if a model that was added or removed has objects. */
function hasOtherOwners(models: readonly Model[], lists: OwnObjects['lists'], { byModel }: OwnObjects): boolean {
  const added = models.filter(({ name }) => !byModel.has(name)).map(({ name }) => name)
  const names = new Set(models.map(({ name }) => name))
  const changed = [...added, ...[...byModel.keys()].filter(name => !names.has(name))]
  const isOf = (text: string | undefined) => text !== undefined && changed.some(name => text.startsWith(name))
  return lists.some(list =>
    list.some(({ name, labels }) => isOf(name) || isOf(labels[MODEL_LABEL]) || isOf(labels[SERVICE_LABEL]))
  )
}

function findOwnObjects(view: View<OwnKind>, namespace: string, lists: OwnObjects['lists']): OwnObjects {
  const byModel = new Map(view.list('InferenceService', namespace).map(one => [one.name, [one] as OwnObject[]]))
  const owners: Owners = new Map()
  const hidden = new Set<object>()
  const objects = lists.flat()
  for (const object of objects) {
    const own = ownersOf(object, byModel)
    if (own.length === 0) continue
    // A pod that is not running gets no requests.
    if (object.kind !== 'Pod' || isRunning(object)) addOwners(owners, object, own)
    if (isOnlyFor(object, own)) hidden.add(object)
  }
  followServices(view, namespace, owners)
  for (const shared of endpointsOfSeveral(view, namespace, owners)) hidden.delete(shared)
  for (const object of objects) for (const model of owners.get(object) ?? []) byModel.get(model)?.push(object)
  return { byModel, hidden, callers: callersIn(view.list('Pod', namespace)), lists }
}

function callersIn(pods: readonly Pod[]): readonly Pod[] {
  const withSidecar = pods.find(pod => toWorkload(pod).proxy === 'sidecar')
  const captured = pods.find(pod => toWorkload(pod).proxy !== 'sidecar' && toWorkload(pod).captured === true)
  return [withSidecar, captured].flatMap(pod => (pod === undefined ? [] : { ...pod, labels: {}, status: undefined }))
}

const MODEL_LABEL = 'serving.kserve.io/inferenceservice'

function ownersOf(object: OwnObject, names: Names): readonly string[] {
  const { kind, name, labels } = object
  const label = labels[MODEL_LABEL]
  const own = label !== undefined && names.has(label) ? [label] : []
  if (kind === 'Pod' && own.length > 0) return own
  return [...own, ...namedAfter(kind === 'EndpointSlice' ? (labels[SERVICE_LABEL] ?? name) : name, names)]
}

/** Models whose name is the object's, or its beginning before a dash. */
function namedAfter(name: string, names: Names): readonly string[] {
  const found: string[] = names.has(name) ? [name] : []
  for (let end = name.indexOf('-'); end >= 0; end = name.indexOf('-', end + 1)) {
    const start = name.slice(0, end)
    if (names.has(start)) found.push(start)
  }
  return found
}

/** False for an object that can concern other models: by the pods that it selects, or the hosts that it routes. */
function isOnlyFor(object: OwnObject, models: readonly string[]): boolean {
  const isNamed = (text: string) => models.some(model => mentions(text, model))
  if (object.kind === 'Service') {
    const values = Object.values(object.spec.selector)
    return values.length === 0 || values.some(isNamed)
  }
  const hosts = hostsOf(object)
  if (hosts === undefined) return true
  const { namespace } = object
  const isOwnHost = (host: string) =>
    isNamed(host) && !host.includes('*') && (!host.includes('.') || mentions(host, namespace))
  return hosts.length > 0 && hosts.every(isOwnHost)
}

/** Hosts that an object routes, if it is a route; an empty one stands for all hosts. */
function hostsOf(object: OwnObject): readonly string[] | undefined {
  if (object.kind === 'VirtualService') return object.spec.hosts
  if (object.kind === 'HTTPRoute') return object.spec.hostnames
  return object.kind === 'Ingress' ? object.spec.rules.map(({ host = '*' }) => host) : undefined
}
