import type { Resource } from '../../state/resource.ts'
import { readResource } from '../manifest.ts'

/** The object once more, for kubectl alone: as long as all that we keep of it. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The object cut down to what the model reads, if it is what its kind says; if not, `onFault` is told which one, and why. */
export function project(object: unknown, onFault: (message: string) => void): readonly Resource[] {
  try {
    return [readResource(object)].filter(resource => resource !== undefined).map(withoutLastApplied)
  } catch (error) {
    onFault((error as Error).message)
    return []
  }
}

function withoutLastApplied(resource: Resource): Resource {
  const { [LAST_APPLIED]: _, ...annotations } = resource.annotations
  return Object.assign(resource, { annotations })
}
