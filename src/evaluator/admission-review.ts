import { z } from 'zod'
import { InvalidObject, readResource } from '../sources/manifest.ts'
import { findKind, type Ref, type Resource } from '../state/resource.ts'
import type { Change, Sent } from '../state/snapshot.ts'
import { messageOf } from '../text/error-message.ts'

/** The body is not an AdmissionReview v1. */
export class InvalidReview extends Error {
  override readonly name = 'InvalidReview'
  readonly statusCode = 400
}

const request = z.object({
  uid: z.string().min(1),
  kind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
  subResource: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  object: z.unknown().optional(),
  oldObject: z.unknown().optional(),
  dryRun: z.boolean().optional()
})
const review = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request
})

/** An admission request. */
export interface Review {
  readonly uid: string
  readonly operation: string
  readonly dryRun: boolean
  /** The name is empty if the API server has yet to generate it. */
  readonly object: Ref
  /** Absent for requests that are not evaluated: another kind, a subresource, or CONNECT. */
  readonly change: Change | undefined
  readonly sent: Sent
  /** Why the object of an evaluated kind could not be parsed. */
  readonly parseError: string | undefined
}

/**
 * Parses the body of a request.
 *
 * @throws {InvalidReview}
 */
export function parseReview(body: Uint8Array): Review {
  if (body.length === 0) throw new InvalidReview('body: empty')
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
  } catch (error) {
    throw new InvalidReview(`body: not JSON: ${messageOf(error)}`)
  }
  return readReview(parsed)
}

/**
 * Reads an AdmissionReview v1. An object in it that cannot be parsed is reported as `parseError`.
 *
 * @throws {InvalidReview}
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
export function readReview(body: unknown): Review {
  const { data, error } = review.safeParse(body)
  if (data === undefined) {
    const [issue] = error.issues
    throw new InvalidReview(
      `body: not an AdmissionReview of admission.k8s.io/v1: ${issue?.path.join('.')}: ${issue?.message}`
    )
  }
  const {
    uid,
    kind,
    operation,
    dryRun = false,
    object,
    oldObject,
    subResource,
    name = '',
    namespace = ''
  } = data.request
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
  const ref = { apiVersion, kind: kind.kind, namespace, name }
  const base = { uid, operation, dryRun, object: ref, sent: { object, oldObject }, parseError: undefined }
  if (operation === 'CONNECT' || (subResource ?? '') !== '' || findKind(apiVersion, kind.kind) === undefined) {
    return { ...base, change: undefined }
  }
  try {
    return { ...base, change: { ...toChange(operation, ref, object, oldObject), sent: base.sent } }
  } catch (error) {
    return { ...base, change: undefined, parseError: messageOf(error) }
  }
}

function toChange(operation: 'CREATE' | 'UPDATE' | 'DELETE', ref: Ref, object: unknown, oldObject: unknown): Change {
  if (operation === 'CREATE') return { operation, after: read(ref, object) }
  const before = read(ref, oldObject)
  return operation === 'DELETE' ? { operation, before } : { operation, before, after: read(ref, object) }
}

/** @throws {InvalidObject} */
function read({ kind }: Ref, object: unknown): Resource {
  const resource = readResource(object)
  if (resource?.kind !== kind) throw new InvalidObject('kind', 'differs from the kind of the request')
  return resource
}
