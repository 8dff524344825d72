import { LAST_APPLIED, type Resource } from '../../state/resource.ts'
import { messageOf } from '../../text/error-message.ts'
import { readResource } from '../manifest.ts'

/** Reduces an object to the fields that the model reads; empty for an object that does not have the shape of its kind. */
export function project(object: unknown, onParseError: (message: string) => void): readonly Resource[] {
  try {
    return [readResource(object)].filter(resource => resource !== undefined).map(withoutLastApplied)
  } catch (error) {
    onParseError(messageOf(error))
    return []
  }
}

function withoutLastApplied(resource: Resource): Resource {
  const { [LAST_APPLIED]: _, ...annotations } = resource.annotations
  return Object.assign(resource, { annotations })
}
