import { z } from 'zod'
import { InvalidObject, readResource } from '../sources/manifest.ts'
import { findKind, type Ref, type Resource } from '../state/resource.ts'
import type { Change, Sent } from '../state/snapshot.ts'

/** What was sent is no AdmissionReview v1. */
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

/** A question of the API server. */
export interface Review {
  readonly uid: string
  readonly operation: string
  readonly dryRun: boolean
  /** What it is about; the name is empty while the API server has still to make one up. */
  readonly object: Ref
  /** Absent when it is not about what we judge: another kind, a subresource, or an operation that changes nothing. */
  readonly change: Change | undefined
  readonly sent: Sent
  /** Why an object of a kind that we do judge could not be read. */
  readonly fault: string | undefined
}

/**
 * Parses a body as sent.
 *
 * @throws {InvalidReview}
 */
export function parseReview(body: Uint8Array): Review {
  if (body.length === 0) throw new InvalidReview('the body is empty')
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
  } catch (error) {
    throw new InvalidReview(`the body is not JSON: ${(error as Error).message}`)
  }
  return readReview(parsed)
}

/**
 * Reads an AdmissionReview v1.
 *
 * @throws {InvalidReview} for anything else; an object in it that cannot be read is a `fault` and no reason to throw
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
export function readReview(body: unknown): Review {
  const { data, error } = review.safeParse(body)
  if (data === undefined) {
    const [issue] = error.issues
    throw new InvalidReview(
      `not an AdmissionReview of admission.k8s.io/v1: ${issue?.path.join('.')}: ${issue?.message}`
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
  const base = { uid, operation, dryRun, object: ref, sent: { object, oldObject }, fault: undefined }
  if (operation === 'CONNECT' || (subResource ?? '') !== '' || findKind(apiVersion, kind.kind) === undefined) {
    return { ...base, change: undefined }
  }
  try {
    return { ...base, change: { ...toChange(operation, ref, object, oldObject), sent: base.sent } }
  } catch (error) {
    return { ...base, change: undefined, fault: (error as Error).message }
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
  if (resource?.kind !== kind) throw new InvalidObject('kind', 'is another than that of the request')
  return resource
}
