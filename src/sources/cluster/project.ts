import type { Resource } from '../../model/resource.ts'
import { readResource } from '../manifest.ts'

/** The object cut down to what the model reads, if it is what its kind says; if not, `onFault` is told which one, and why. */
export function project(object: unknown, onFault: (message: string) => void): readonly Resource[] {
  try {
    return [readResource(object)].filter(resource => resource !== undefined)
  } catch (error) {
    onFault((error as Error).message)
    return []
  }
}
