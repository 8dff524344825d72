import type { Resource } from '../../model/resource.ts'
import { readResource } from '../manifest.ts'

/** The object once more, for kubectl alone: as long as all that we keep of it. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The object cut down to what the model reads, if it is what its kind says; if not, `onFault` is told which one, and why. */
export function project(object: unknown, onFault: (message: string) => void): readonly Resource[] {
  try {
    const resource = readResource(object)
    if (resource === undefined) return []
    const { [LAST_APPLIED]: _, ...annotations } = resource.annotations
    return [Object.assign(resource, { annotations })]
  } catch (error) {
    onFault((error as Error).message)
    return []
  }
}
