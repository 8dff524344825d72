import type { Resource } from '../../state/resource.ts'
import { readResource } from '../manifest.ts'

/** A copy of the object that only kubectl reads; it would double the memory. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** Reduces an object to the fields that the model reads; empty for an object that does not have the shape of its kind. */
export function project(object: unknown, onParseError: (message: string) => void): readonly Resource[] {
  try {
    return [readResource(object)].filter(resource => resource !== undefined).map(withoutLastApplied)
  } catch (error) {
    onParseError((error as Error).message)
    return []
  }
}

function withoutLastApplied(resource: Resource): Resource {
  const { [LAST_APPLIED]: _, ...annotations } = resource.annotations
  return Object.assign(resource, { annotations })
}
