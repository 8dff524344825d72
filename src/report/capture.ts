import { z } from 'zod'
import { proxiesOf } from '../gateway-api/proxies.ts'
import { meshOf } from '../istio/mesh.ts'
import { REDACTED, REDACTED_ENV } from '../state/redacted.ts'
import { KINDS, LAST_APPLIED, type Resource } from '../state/resource.ts'
import type { Snapshot } from '../state/snapshot.ts'
import { annotationFilter } from '../subject/annotations.ts'
import { shrink } from './shrink.ts'

/** Reads an object of any kind; absent for kinds that the model does not read. */
export type ReadObject = (object: unknown) => Resource | undefined

/** A cluster as it was read. */
export interface CaptureSource {
  readonly state: Snapshot
  /** As the API server sent them, of kinds that the model reads. */
  readonly objects: readonly unknown[]
  /** Namespaces to capture besides the system namespaces; absent: all. */
  readonly namespaces: readonly string[] | undefined
}

/** Manifest of an object with only the fields that decisions need. */
export type CapturedObject = Readonly<Record<string, unknown>>

/**
 * Objects that decisions need, reduced to what the model reads, in order of kind, namespace and name. Objects that are not in the
 * state because they cannot be parsed are omitted.
 */
export function captureObjects(source: CaptureSource, read: ReadObject): readonly CapturedObject[] {
  const { state, objects } = source
  const readsAnnotation = annotationFilter(state)
  const wanted = source.namespaces && new Set([...source.namespaces, ...systemNamespaces(state)])
  return objects
    .flatMap(object => {
      const resource = tryRead(read, object)
      return resource === undefined || !isWanted(resource, wanted) ? [] : [{ object, resource }]
    })
    .sort((a, b) => byIdentity(a.resource, b.resource))
    .map(({ object, resource }) => reduce(object, resource, read, readsAnnotation))
}

function tryRead(read: ReadObject, object: unknown): Resource | undefined {
  try {
    return read(object)
  } catch {
    return undefined
  }
}

const isWanted = (resource: Resource, wanted: ReadonlySet<string> | undefined) =>
  wanted === undefined || 'cluster' in KINDS[resource.kind] || wanted.has(resource.namespace)

/** Namespaces of control planes, of mesh-wide policies, and of gateways and their proxies. */
export function systemNamespaces(state: Snapshot): readonly string[] {
  const { istio, knative, kserve } = state.settings.installations
  const gateways = state.list('KubernetesGateway')
  const proxies = gateways.map(gateway => proxiesOf(state, gateway))
  const namespaces = [
    ...[...istio, knative, kserve, ...state.gateways(), ...gateways].map(({ namespace }) => namespace),
    ...istio.map(({ revision }) => meshOf(state, { revision }).rootNamespace),
    ...proxies.flatMap(one => ('pods' in one ? one.pods.map(({ namespace }) => namespace) : []))
  ]
  return [...new Set(namespaces)].sort()
}

const ORDER = Object.keys(KINDS)

function byIdentity(a: Resource, b: Resource): number {
  return ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || compare(keyOf(a), keyOf(b))
}

const keyOf = ({ namespace, name }: Resource) => `${namespace}/${name}`
const compare = (a: string, b: string) => (a < b ? -1 : 1)

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).nullish() })
})

/** An object with only the fields that change how it is read. */
function reduce(
  object: unknown,
  resource: Resource,
  read: ReadObject,
  readsAnnotation: (key: string) => boolean
): CapturedObject {
  const keep = (annotations: Resource['annotations']) =>
    Object.fromEntries(Object.entries(annotations).filter(([key]) => readsAnnotation(key)))
  const readReduced = (one: unknown) => {
    const found = read(one)
    return found && { ...found, annotations: keep(found.annotations) }
  }
  const metadata = { ...resource, annotations: keep(resource.annotations), creationTimestamp: resource.created }
  const reduced = objectSchema.parse(shrink(object, readReduced, { ...resource, metadata }))
  const sent = objectSchema.parse(object)
  const { apiVersion, kind, metadata: kept, ...body } = reduced
  if (resource.kind !== 'InferenceService') return { apiVersion, kind, metadata: kept, ...body }
  const annotations = redactAnnotations(sent.metadata.annotations ?? {}, readsAnnotation)
  return { apiVersion, kind, metadata: { ...kept, annotations }, ...body, spec: withoutEnvironment(sent['spec']) }
}

/**
 * Every difference of a spec or a propagated annotation makes new pods: the keys are kept, and values that nothing else reads
 * become placeholders that count as unchanged.
 */
function redactAnnotations(
  annotations: Resource['annotations'],
  readsAnnotation: (key: string) => boolean
): Resource['annotations'] {
  return Object.fromEntries(
    Object.entries(annotations)
      .filter(([key]) => key !== LAST_APPLIED)
      .map(([key, value]) => [key, readsAnnotation(key) ? value : REDACTED])
  )
}

const ENVIRONMENT = ['env', 'envFrom']

function withoutEnvironment(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEnvironment)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      ENVIRONMENT.includes(key) && Array.isArray(one) ? REDACTED_ENV : withoutEnvironment(one)
    ])
  )
}
