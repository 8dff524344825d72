import { z } from 'zod'
import { DEFAULT_NAMESPACE, findKind, KINDS, metadata, nameOf, type Ref, type Resource } from '../state/resource.ts'

/** An object that does not have the shape of its kind. `field` is a path such as `spec.servers[0].port`. */
export class InvalidObject extends Error {
  override readonly name = 'InvalidObject'
  readonly field: string
  readonly why: string

  constructor(field: string, why: string, name = '') {
    super([name, field, why].filter(part => part !== '').join(': '))
    this.field = field
    this.why = why
  }
}

const typeMeta = z.object({ apiVersion: z.string(), kind: z.string() })
const named = typeMeta.extend({ metadata })

/**
 * Reads the reference of an object of any kind.
 *
 * @param fallback namespace if the object sets none
 * @throws {InvalidObject}
 */
export function readRef(object: unknown, fallback = DEFAULT_NAMESPACE): Ref {
  return toRef(parse(named, object), fallback)
}

function toRef({ apiVersion, kind, metadata: meta }: z.output<typeof named>, fallback: string): Ref {
  // An object with generateName has no name before it is stored.
  const name = meta.name ?? meta.generateName
  if (name === undefined) throw new InvalidObject('metadata.name', 'is missing')
  const known = findKind(apiVersion, kind)
  const clusterWide = known !== undefined && 'cluster' in KINDS[known]
  return { apiVersion, kind, name, namespace: clusterWide ? '' : (meta.namespace ?? fallback) }
}

/**
 * Reads a Kubernetes object and keeps the fields that the model reads.
 *
 * @param fallback namespace if the object sets none
 * @returns `undefined` for a kind that the model does not read
 * @throws {InvalidObject}
 */
export function readResource(object: unknown, fallback = DEFAULT_NAMESPACE): Resource | undefined {
  const head = parse(named, object)
  const { metadata: meta } = head
  const ref = toRef(head, fallback)
  const kind = findKind(ref.apiVersion, ref.kind)
  if (kind === undefined) return undefined
  return {
    ...parse(KINDS[kind].shape, object, nameOf(ref)),
    ...ref,
    kind,
    labels: meta.labels,
    annotations: meta.annotations,
    created: meta.creationTimestamp,
    deleting: meta.deletionTimestamp !== undefined,
    owner: meta.ownerReferences.find(({ controller }) => controller === true)
    // The kind selects the shape, which the type system cannot express.
  } as Resource
}

function parse<T extends z.ZodType>(schema: T, value: unknown, name = ''): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new InvalidObject(toField(issue?.path), lowerFirst(String(issue?.message)), name)
}

/** @returns a path such as `spec.servers[0].port` */
export function toField(path: readonly PropertyKey[] = []): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('')
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
