import type { Ref } from '../state/resource.ts'

/** Fields of an AdmissionReview that precede the objects. */
export interface Head {
  readonly uid: string
  readonly operation: string
  readonly object: Ref
  readonly user: string
}

/** Enough for the fields before the objects, unless the user has very many groups. */
const HEAD_BYTES = 16 * 1024

const UID = /"uid"\s*:\s*"([^"\\]+)"/
const GROUP = /"group"\s*:\s*"([^"\\]*)"/
const VERSION = /"version"\s*:\s*"([^"\\]+)"/
const KIND = /"version"\s*:\s*"[^"\\]+"\s*,\s*"kind"\s*:\s*"([^"\\]+)"/
const NAME = /"name"\s*:\s*"([^"\\]*)"/
const NAMESPACE = /"namespace"\s*:\s*"([^"\\]*)"/
const OPERATION = /"operation"\s*:\s*"([^"\\]+)"/
const USER = /"username"\s*:\s*"([^"\\]+)"/

/**
 * Reads the request fields without parsing a body of up to 8 MiB. The API server encodes fields in declaration order:
 * uid, kind, name, namespace, operation, user, then the objects.
 *
 * @see k8s.io/api/admission/v1 AdmissionRequest
 */
export function readHead(body: Buffer): Head {
  const text = body.toString('utf8', 0, HEAD_BYTES)
  const find = (pattern: RegExp) => pattern.exec(text)?.[1] ?? ''
  const [group, version] = [find(GROUP), find(VERSION)]
  const apiVersion = group === '' ? version : `${group}/${version}`
  const object = { apiVersion, kind: find(KIND), namespace: find(NAMESPACE), name: find(NAME) }
  return { uid: find(UID), operation: find(OPERATION), object, user: find(USER) }
}
