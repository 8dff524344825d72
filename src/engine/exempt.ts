import { isDeepStrictEqual } from 'node:util'
import type { Resource } from '../model/resource.ts'
import type { Change } from '../model/snapshot.ts'

/** API groups whose controllers make objects on the path; those are the controllers' business. */
export const CONTROLLERS: readonly string[] = [
  'serving.kserve.io',
  'serving.knative.dev',
  'networking.internal.knative.dev',
  'autoscaling.internal.knative.dev'
]

/**
 * Changes that are admitted without a word: objects on their way out, objects that a controller of KServe or Knative
 * owns, and writes that leave all that is read as it was (status, finalizers, a re-apply).
 */
export function isExempt({ before, after }: Change): boolean {
  if (after?.deleting === true) return true
  if (isOwned(after ?? before)) return true
  return before !== undefined && after !== undefined && isDeepStrictEqual(timeless(before), timeless(after))
}

function isOwned({ owner }: Resource): boolean {
  return owner !== undefined && CONTROLLERS.some(group => owner.apiVersion.startsWith(`${group}/`))
}

/** A manifest that is applied again has no creation time, and may name another version of the API. */
function timeless(resource: Resource): unknown {
  return { ...resource, created: undefined, apiVersion: undefined, status: undefined }
}
