import { isDeepStrictEqual } from 'node:util'
import type { Resource } from '../state/resource.ts'
import type { Change } from '../state/snapshot.ts'

/** API groups whose controllers create objects on the path. */
export const CONTROLLERS: readonly string[] = [
  'serving.kserve.io',
  'serving.knative.dev',
  'networking.internal.knative.dev',
  'autoscaling.internal.knative.dev'
]

/**
 * Changes that are allowed without evaluation: objects that are being deleted, objects that a controller of KServe or
 * Knative owns, and writes that change no field that the model reads (status, finalizers, a re-apply).
 */
export function isExempt({ before, after }: Change): boolean {
  if (after?.deleting === true) return true
  if (isControllerOwned(after ?? before)) return true
  return (
    before !== undefined &&
    after !== undefined &&
    isDeepStrictEqual(withoutTimestamps(before), withoutTimestamps(after))
  )
}

function isControllerOwned({ owner }: Resource): boolean {
  return owner !== undefined && CONTROLLERS.some(group => owner.apiVersion.startsWith(`${group}/`))
}

/** A re-applied manifest has no creationTimestamp and may use another API version. */
function withoutTimestamps(resource: Resource): unknown {
  return { ...resource, created: undefined, apiVersion: undefined, status: undefined }
}
