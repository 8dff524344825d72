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

/** Changes that are allowed without evaluation: objects being deleted, or owned by a controller of KServe or Knative. */
export function isExempt({ before, after }: Change): boolean {
  return after?.deleting === true || isControllerOwned(after ?? before)
}

/**
 * True if an update changes no field that the model reads (status, finalizers, a re-apply).
 *
 * @param readsAnnotation annotations that count, by key
 */
export function isUnchanged({ before, after }: Change, readsAnnotation: (key: string) => boolean): boolean {
  return (
    before !== undefined &&
    after !== undefined &&
    isDeepStrictEqual(toRead(before, readsAnnotation), toRead(after, readsAnnotation))
  )
}

function isControllerOwned({ owner }: Resource): boolean {
  return owner !== undefined && CONTROLLERS.some(group => owner.apiVersion.startsWith(`${group}/`))
}

/** A re-applied manifest has no creationTimestamp and may use another API version. */
function toRead(resource: Resource, readsAnnotation: (key: string) => boolean): unknown {
  const annotations = Object.entries(resource.annotations).filter(([key]) => readsAnnotation(key))
  return {
    ...resource,
    annotations: Object.fromEntries(annotations),
    created: undefined,
    apiVersion: undefined,
    status: undefined
  }
}
